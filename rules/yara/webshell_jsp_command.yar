// Server page (JSP) starts commands from a request.
rule konseki_webshell_jsp_command
{
    meta:
        title = "Server page (JSP) starts commands from a request"
        title_ja = "リクエストの内容でコマンドを起動する JSP"
        description = "A JSP takes a parameter, header or cookie and starts a process with it."
        description_ja = "JSP がパラメーター、ヘッダー、Cookie の値を使ってプロセスを起動している。"
        falsepositives = "An administration page of the product; compare with the vendor's package."
        falsepositives_ja = "製品の管理ページであれば否定される。ベンダーのパッケージと照合する。"
        level = "critical"
        attack = "T1505.003, T1059.004"
    strings:
        $jsp = "<%" ascii
        $in1 = /request\.get(Parameter|Header|Cookies|InputStream|Reader|QueryString)\s*\(/
        $run1 = /Runtime\.getRuntime\s*\(\s*\)/
        $run2 = /new\s+(java\.lang\.)?ProcessBuilder/
        $run3 = "java.lang.Runtime" ascii
    condition:
        filesize < 256KB and $jsp and $in1 and any of ($run*)
}
