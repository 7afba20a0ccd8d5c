#!/bin/sh
# Prints a listener for IPv6 on port $1, where this machine has IPv6.
port=${1:-80}
have_ipv6() {
	[ -s /proc/net/if_inet6 ] || ifconfig -a 2>/dev/null | grep -q inet6
}
have_ipv6 || exit 0
if [ "$port" = 443 ]; then
	printf '$SERVER["socket"] == "[::]:%s" {\n\tssl.engine = "enable"\n}\n' "$port"
else
	printf '$SERVER["socket"] == "[::]:%s" { }\n' "$port"
fi
