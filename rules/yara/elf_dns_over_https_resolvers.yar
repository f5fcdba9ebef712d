// Program resolves names over HTTPS at public services.
rule konseki_elf_dns_over_https_resolvers
{
    meta:
        title = "Program resolves names over HTTPS at public services"
        title_ja = "公開 DoH サービスで名前解決を行うプログラム"
        description = "An ELF program carries the addresses of several public DNS over HTTPS services. Programs of appliances and hypervisors use the system's resolver."
        description_ja = "ELF プログラムに、複数の公開 DNS over HTTPS サービスの宛先が埋め込まれている。アプライアンスやハイパーバイザーのプログラムはシステムのリゾルバーを使う。"
        falsepositives = "A browser or a resolver that offers these services to choose from."
        falsepositives_ja = "利用者がサービスを選択できるブラウザーやリゾルバーであれば否定される。"
        level = "medium"
        attack = "T1071.004, T1572"
    strings:
        $a = /https:\/\/(1\.1\.1\.1|1\.0\.0\.1|cloudflare-dns\.com)\/dns-query/
        $b = /https:\/\/(8\.8\.8\.8|8\.8\.4\.4|dns\.google)\/(dns-query|resolve)/
        $c = /https:\/\/(9\.9\.9\.9|9\.9\.9\.11|dns\.quad9\.net)(:5053)?\/dns-query/
        $d = /https:\/\/(45\.90\.28\.\d{1,3}|45\.90\.30\.\d{1,3}|dns\.nextdns\.io)\//
    condition:
        uint32(0) == 0x464c457f and filesize < 64MB and 2 of them
}
