// PHP page runs what a request brings.
rule konseki_webshell_php_request_eval
{
    meta:
        title = "PHP page runs what a request brings"
        title_ja = "リクエストの内容を実行する PHP ページ"
        description = "A PHP page hands a value of the request to eval, assert or a command function."
        description_ja = "PHP ページが、リクエストの値を eval、assert、コマンド実行関数に渡している。"
        falsepositives = "A training application that is weak on purpose."
        falsepositives_ja = "意図的に脆弱に作られた教材であれば否定される。"
        level = "critical"
        attack = "T1505.003, T1059"
    strings:
        $a = /\b(eval|assert|system|passthru|shell_exec|exec|popen|proc_open)\s*\(\s*[^;]{0,80}\$_(POST|GET|REQUEST|COOKIE|SERVER)\s*\[/ nocase
        $php = "<?" ascii
    condition:
        filesize < 512KB and all of them
}
