// VIB package brings a boot script or a listener.
rule konseki_vib_boot_script
{
    meta:
        title = "VIB package brings a boot script or a listener"
        title_ja = "起動スクリプトや待受プログラムを含む VIB パッケージ"
        description = "The descriptor of an ESXi package lists files for start-up scripts and opens the firewall. Packages of hardware makers bring drivers, not rc scripts."
        description_ja = "ESXi パッケージの記述子に、起動スクリプトとファイアウォール開放の設定が含まれている。ハードウェアメーカーのパッケージはドライバーを含むが、rc スクリプトは含まない。"
        falsepositives = "A management agent of the hardware maker; check its signature with esxcli software vib signature verify."
        falsepositives_ja = "ハードウェアメーカーの管理エージェントであれば否定される。esxcli software vib signature verify で署名を確認する。"
        level = "high"
        attack = "T1505.006, T1037.004"
    strings:
        $vib = "<vib version=" ascii
        $level = /<acceptance-level>\s*(partner|community|accepted)/
        $rc = /<file>etc\/(rc\.local\.d|init\.d|vmware\/(init|startup))\/[^<]{1,80}<\/file>/
        $fw = /<file>etc\/vmware\/firewall\/[^<]{1,80}<\/file>/
    condition:
        filesize < 256KB and all of them
}
