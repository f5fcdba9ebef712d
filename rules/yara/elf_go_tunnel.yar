// Program for tunnels built in Go.
rule konseki_elf_go_tunnel
{
    meta:
        title = "Program for tunnels built in Go"
        title_ja = "Go 製のトンネル通信プログラム"
        description = "An ELF program in Go holds a stream multiplexer together with WebSocket or SOCKS code: a tunnel that carries many connections in one. Appliances and hypervisors ship none."
        description_ja = "Go 製の ELF プログラムに、ストリーム多重化と WebSocket または SOCKS の処理が含まれている。一つの通信に複数の接続を束ねるトンネルである。アプライアンスやハイパーバイザーには標準で含まれない。"
        falsepositives = "A service mesh, a cluster agent or a remote support tool that was installed on purpose."
        falsepositives_ja = "意図的に導入したクラスターのエージェントや遠隔支援ツールであれば否定される。"
        level = "medium"
        attack = "T1572, T1090"
    strings:
        $go1 = "Go build ID:" ascii
        $go2 = "runtime.goexit" ascii
        $mux1 = "hashicorp/yamux" ascii
        $mux2 = "xtaci/smux" ascii
        $mux3 = "libp2p/go-yamux" ascii
        $net1 = "gorilla/websocket" ascii
        $net2 = "nhooyr.io/websocket" ascii
        $net3 = "go-socks5" ascii
        $net4 = "coder/websocket" ascii
    condition:
        uint32(0) == 0x464c457f and any of ($go*) and any of ($mux*) and any of ($net*)
}
