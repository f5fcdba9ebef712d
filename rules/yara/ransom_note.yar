// Ransom note.
rule konseki_ransom_note
{
    meta:
        title = "Ransom note"
        title_ja = "身代金要求文書"
        description = "A short text says that files are encrypted, offers a decryptor, and names a hidden service or a chat to pay through."
        description_ja = "ファイルを暗号化したと告げ、復号ツールの提供を持ちかけ、秘匿サービスやチャットを支払い窓口として示す短い文書である。"
        falsepositives = "A report or training text about ransomware."
        falsepositives_ja = "ランサムウェアに関する報告書や教材であれば否定される。"
        level = "critical"
        attack = "T1486, T1657"
    strings:
        $e1 = /(files|data|network|servers?|machines?)[^\n]{0,60}(has|have|was|were|are)\s+(been\s+)?(fully\s+)?encrypted/ nocase
        $e2 = /we\s+have\s+(downloaded|stolen|exfiltrated|encrypted)/ nocase
        $d1 = /decrypt(or|ion|er)?\b/ nocase
        $d2 = /(recover|restore|unlock|get\s+back)\s+(your\s+|the\s+|all\s+)*(files|data|systems?|network)/ nocase
        $w1 = /[a-z2-7]{16,56}\.onion/
        $w2 = "Tor Browser" nocase ascii
        $w3 = /(tox|session|telegram)\s*(id|messenger|chat)/ nocase
        $c1 = /contact\s+us|your\s+(personal\s+)?id\b|write\s+to\s+us/ nocase
    condition:
        filesize < 64KB and any of ($e*) and any of ($w*) and (any of ($d*) or filesize < 8KB and $w1 and $c1)
}
