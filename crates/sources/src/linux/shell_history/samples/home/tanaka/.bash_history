ls
#1704596400
id
#1704596410
cat <<X
first line
  second
X
#1704596420
#1704596430
rm -rf /var/log/audit
