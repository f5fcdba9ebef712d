// Boot script starts a virtual machine by hand.
rule konseki_esxi_boot_script_starts_machine
{
    meta:
        title = "Boot script starts a virtual machine by hand"
        title_ja = "起動スクリプトが仮想マシンを直接起動"
        description = "A script starts the machine process of the hypervisor itself with a .vmx file. A machine started so is in no list of hostd or vCenter."
        description_ja = "スクリプトが .vmx ファイルを指定して、ハイパーバイザーの仮想マシンプロセスを直接起動している。この方法で起動した仮想マシンは、hostd にも vCenter にも登録されない。"
        falsepositives = "A laboratory that starts machines so, and knows it."
        falsepositives_ja = "承知の上でこの方法を使う検証環境であれば否定される。"
        level = "critical"
        attack = "T1037.004, T1564.006"
    strings:
        $run = /\/bin\/vmx\b[^\n]{0,200}\.vmx\b/
        $script = /^#!\s*\/[a-z\/]{2,30}/
    condition:
        filesize < 64KB and $run and $script at 0
}
