// Script alters the integrity check of an appliance.
rule konseki_appliance_integrity_scanner_altered
{
    meta:
        title = "Script alters the integrity check of an appliance"
        title_ja = "アプライアンスの整合性検査を改変するスクリプト"
        description = "A script edits the exclusion list, the manifest or the scanner of the appliance's own integrity check."
        description_ja = "スクリプトが、アプライアンス自身の整合性検査の除外リスト、マニフェスト、検査プログラムのいずれかを書き換えている。"
        falsepositives = "An update script of the maker inside its signed package."
        falsepositives_ja = "署名済みパッケージに含まれる製造元の更新スクリプトであれば否定される。"
        level = "critical"
        attack = "T1562.001, T1554"
    strings:
        $edit1 = /\bsed\s+-i/
        $edit2 = /\becho\s[^\n]{1,200}>>/
        $edit3 = /openssl\s+(dgst|genrsa)/
        $what1 = "exclusion_list" ascii
        $what2 = /scripts\/scanner\.(py|sh)/
        $what3 = /\/etc\/manifest\/manifest(\.1|\.2)?\b/
    condition:
        filesize < 512KB and any of ($edit*) and any of ($what*)
}
