// Python service runs what a request brings.
rule konseki_webshell_python_request_exec
{
    meta:
        title = "Python service runs what a request brings"
        title_ja = "リクエストの内容を実行する Python サービス"
        description = "A web resource in Python decodes a part of the request and runs it. This is the shape of the web shells planted in the Python services of VPN appliances."
        description_ja = "Python の Web リソースが、リクエストの一部を復号して実行している。VPN アプライアンスの Python サービスに設置された Web シェルと同じ形である。"
        falsepositives = "A notebook or test service that runs code on purpose."
        falsepositives_ja = "意図的にコードを実行するノートブックや試験用サービスであれば否定される。"
        level = "critical"
        attack = "T1505.003, T1059.006"
    strings:
        $in1 = /\brequest\.(data|values|form|cookies|headers|args|get_data|files)/
        $in2 = "Resource):" ascii
        $in3 = "wsgi.input" ascii
        $dec1 = "b64decode(" ascii
        $dec2 = "zlib.decompress(" ascii
        $dec3 = "AES.new(" ascii
        $run1 = /\bexec\s*\(/
        $run2 = /\beval\s*\(/
        $run3 = /subprocess\.(Popen|check_output|run|call)\s*\(/
        $run4 = /os\.(system|popen)\s*\(/
    condition:
        filesize < 512KB and any of ($in*) and any of ($dec*) and any of ($run*)
}
