#!/bin/sh
# Compares, on one ESXi host, the machines that run with those that are registered, and the boot scripts. It only reads.
# Run in the ESXi shell: sh esxi-unregistered-machines.sh
# One finding a line; exit code 1 where there is one, 2 where a list could not be read (then nothing is said of it).
# What it does not see: machines of other hosts, and machines that are registered and still not known to anyone.
set -u
code=0

# `FOLDER/NAME.vmx`: the part that all lists spell alike.
tail_of() { awk -F/ '{ if (NF > 1) print $(NF-1) "/" $NF; else print $0 }' | sort -u; }

if ! listed=$(vim-cmd vmsvc/getallvms 2> /dev/null) || [ -z "$listed" ]; then
    echo "CANNOT-READ: vim-cmd vmsvc/getallvms"
    exit 2
fi
registered=$(printf '%s\n' "$listed" | sed -n 's/^.*\[[^]]*\] \(.*\.vmx\).*$/\1/p' | tail_of)

check() { # what it is called, its list
    printf '%s\n' "$2" | while read -r machine; do
        [ -n "$machine" ] || continue
        printf '%s\n' "$registered" | grep -q -x -F -e "$machine" || echo "$1: $machine"
    done
}

found=
if running=$(esxcli vm process list 2> /dev/null); then
    found=$(check RUNNING-UNREGISTERED "$(printf '%s\n' "$running" | sed -n 's/^ *Config File: *//p' | tail_of)")
else
    echo "CANNOT-READ: esxcli vm process list"
    code=2
fi
# Processes of machines, also where the list above was made to leave them out.
processes=$(check PROCESS-UNREGISTERED "$(ps -c 2> /dev/null | sed -n 's/.* \(\/[^ ]*\.vmx\).*/\1/p' | tail_of)")
scripts=$(for script in ${KONSEKI_BOOT:-/etc/rc.local.d/*.sh /etc/init.d/*}; do
    [ -f "$script" ] && grep -n -e '/bin/vmx' -e '\.vmx' "$script" | sed "s|^|BOOT-SCRIPT: $script: |"
done)
for list in "$found" "$processes" "$scripts"; do
    [ -n "$list" ] || continue
    printf '%s\n' "$list"
    [ "$code" -eq 2 ] || code=1
done
exit "$code"
