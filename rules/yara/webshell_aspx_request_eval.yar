// ASP.NET page runs what a request brings.
rule konseki_webshell_aspx_request_eval
{
    meta:
        title = "ASP.NET page runs what a request brings"
        title_ja = "リクエストの内容を実行する ASP.NET ページ"
        description = "An ASPX, ASHX or ASMX page evaluates a value of the request, loads an assembly from it, or starts a process with it."
        description_ja = "ASPX・ASHX・ASMX のページが、リクエストの値を評価する、アセンブリとして読み込む、またはその値でプロセスを起動している。"
        falsepositives = "A development page; it does not belong on a server that is reached from outside."
        falsepositives_ja = "開発用のページであれば否定されるが、外部に公開されたサーバーに置くべきものではない。"
        level = "critical"
        attack = "T1505.003, T1059"
    strings:
        $page1 = "<%@" ascii
        $page2 = "<script" nocase ascii
        $in = /Request(\.(Item|Form|QueryString|Headers|Cookies|InputStream|BinaryRead|Params))?\s*[\[\(\.]/
        $run1 = /\beval\s*\(\s*[^;]{0,40}Request/ nocase
        $run2 = /Assembly\.Load\s*\(/
        $run3 = /Process(\.Start|StartInfo)/
    condition:
        filesize < 512KB and any of ($page*) and $in and any of ($run*)
}
