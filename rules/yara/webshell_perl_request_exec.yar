// Perl page runs what a request brings.
rule konseki_webshell_perl_request_exec
{
    meta:
        title = "Perl page runs what a request brings"
        title_ja = "リクエストの内容を実行する Perl ページ"
        description = "A Perl or template page takes a value from the request and hands it to eval, system or a pipe. Appliances ship no such page."
        description_ja = "Perl またはテンプレートのページが、リクエストから受け取った値を eval、system、パイプに渡している。アプライアンスの標準のページにこのような処理はない。"
        falsepositives = "A diagnostics page of the maker; compare with the maker's file list."
        falsepositives_ja = "製造元の診断ページであれば否定される。製造元のファイル一覧と照合する。"
        level = "critical"
        attack = "T1505.003, T1059"
    strings:
        $in1 = /CGI::param\s*\(/
        $in2 = /->param\s*\(/
        $in3 = /\$ENV\{["']?(HTTP_[A-Z_]+|QUERY_STRING)["']?\}/
        $run1 = /\beval\s*[\({]?\s*(decode_base64|MIME::Base64|CORE::|\$[a-z_]+\s*\)?\s*;)/ nocase
        $run2 = /\bsystem\s*\(\s*\$/
        $run3 = /`\s*\$[a-z_]+\s*`/ nocase
        $run4 = /open\s*\([^;]{1,60}\|\s*["']\s*\)/
        $perl1 = /^#!.{0,40}perl/
        $perl2 = "use strict" ascii
        $perl3 = "my $" ascii
    condition:
        filesize < 256KB and any of ($in*) and any of ($run*) and any of ($perl*)
}
