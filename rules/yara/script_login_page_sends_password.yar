// Login page sends the password elsewhere.
rule konseki_script_login_page_sends_password
{
    meta:
        title = "Login page sends the password elsewhere"
        title_ja = "ログインページがパスワードを別の宛先へ送信"
        description = "A script of a login page reads the password field, encodes it and sends it to an absolute address."
        description_ja = "ログインページのスクリプトがパスワード欄を読み取り、符号化して、外部の URL へ送信している。"
        falsepositives = "A single sign-on page that posts to its own identity provider without encoding."
        falsepositives_ja = "自組織の ID 基盤へ送信するシングルサインオンのページであれば否定される。"
        level = "critical"
        attack = "T1056.003"
    strings:
        $field = /(getElementById|getElementsByName|querySelector)\s*\(\s*["'][^"']{0,20}pass/ nocase
        $enc1 = "btoa(" ascii
        $enc2 = /\bwindow\.btoa\b/
        $send1 = "new Image" ascii
        $send2 = "XMLHttpRequest" ascii
        $send3 = /\bfetch\s*\(/
        $send4 = "sendBeacon" ascii
        $to = /https?:\/\/[a-z0-9.\-]{4,80}/ nocase
    condition:
        filesize < 512KB and $field and any of ($enc*) and any of ($send*) and $to
}
