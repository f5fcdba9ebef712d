// Script hides its history and removes logs.
rule konseki_script_hides_history_and_logs
{
    meta:
        title = "Script hides its history and removes logs"
        title_ja = "履歴の記録を止めてログを消去するスクリプト"
        description = "A shell script switches the command history off and empties or deletes system logs."
        description_ja = "シェルスクリプトが、コマンド履歴の記録を止め、システムログを空にするか削除している。"
        falsepositives = "A script that cleans an image before it is sold or cloned."
        falsepositives_ja = "配布や複製の前にイメージを整えるスクリプトであれば否定される。"
        level = "high"
        attack = "T1070.003, T1070.002"
    strings:
        $script = /^#!\s*\/[a-z\/]{2,30}/
        $h1 = /unset\s+HISTFILE/
        $h2 = "HISTFILE=/dev/null" ascii
        $h3 = /HISTSIZE=0\b/
        $h4 = "history -c" ascii
        $l1 = /\brm\s+(-[a-z]+\s+)*\/(var|scratch)\/(run\/)?log\//
        $l2 = /(truncate\s+-s\s*0|cat\s+\/dev\/null\s*>|:\s*>)\s*\/var\/(run\/)?log\//
        $l3 = /sed\s+-i[^\n]{1,80}\/var\/(run\/)?log\//
    condition:
        filesize < 256KB and $script at 0 and any of ($h*) and any of ($l*)
}
