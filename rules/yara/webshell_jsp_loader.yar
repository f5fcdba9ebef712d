// Server page (JSP) loads a class from a request.
rule konseki_webshell_jsp_loader
{
    meta:
        title = "Server page (JSP) loads a class from a request"
        title_ja = "リクエストから受け取ったクラスを読み込む JSP"
        description = "A JSP decodes or decrypts a part of the request and defines a Java class from it: code that never touches the disk."
        description_ja = "JSP がリクエストの一部を復号し、Java クラスとして読み込んでいる。コードはディスクに残らない。"
        falsepositives = "None known in products."
        falsepositives_ja = "製品での正当な例は知られていない。"
        level = "critical"
        attack = "T1505.003, T1620"
    strings:
        $jsp = "<%" ascii
        $in1 = /request\.get(Parameter|Header|Cookies|InputStream|Reader)\s*\(/
        $load1 = "defineClass" ascii
        $load2 = "ClassLoader" ascii
        $dec1 = "Base64" ascii
        $dec2 = /Cipher\.getInstance\s*\(/
    condition:
        filesize < 256KB and $jsp and $in1 and all of ($load*) and any of ($dec*)
}
