#!/bin/sh ++group=host/vim/vmvisor/boot

# local configuration options

/bin/vmx -x /vmfs/volumes/ds1/app-07/app-07.vmx 2>/dev/null 0>/dev/null &
exit 0
