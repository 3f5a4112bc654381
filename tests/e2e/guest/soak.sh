# soak - 24 hours of an exporter that is scraped each minute and of a recorder; its page is
# looked at once an hour
# shellcheck shell=dash disable=SC2012 # a descriptor is a number
# append: tsc=reliable nowatchdog
G=/sys/fs/cgroup
mount -t proc proc /proc
mount -t sysfs sys /sys
mount_v2 $G
ifconfig lo 127.0.0.1 up

vmstat --listen=9799 --cgroups=2 &
exporter=$!
vmstat --scope=host -q -n --record=/tmp/recording,10000 10 >/dev/null &
recorder=$!

usage() { # NAME PID HOUR
	echo "@ $1 $3 $(awk '/^Anonymous/ { print $2 }' "/proc/$2/smaps_rollup") $(ls "/proc/$2/fd" | wc -l)"
}

sleep 1
hour=0
while [ $hour -le "${HOURS:-24}" ]; do
	usage exporter $exporter $hour
	usage recorder $recorder $hour
	[ $hour = "${HOURS:-24}" ] && break
	wget -qO /dev/null http://127.0.0.1:9799/
	minute=0
	while [ $minute -lt 60 ]; do
		make_cgroup $G/minute$minute
		sleep 60
		wget -qO /dev/null http://127.0.0.1:9799/metrics
		rmdir $G/minute$minute
		minute=$((minute + 1))
	done
	hour=$((hour + 1))
done
kill $recorder $exporter
wait $recorder
# How many reports, and how far they are off multiples of 10 s after the first, in ms.
vmstat --replay=/tmp/recording --csv | awk -F, 'NR > 1 {
		split($1, t, /[-T:Z]/); ms = ((t[3] * 24 + t[4]) * 60 + t[5]) * 60000 + t[6] * 1000
		if (NR == 2) first = ms
		n++
		off = (ms - first) % 10000
		if (off > 5000) off = 10000 - off
		if (off > worst) worst = off }
	END { print "@ schedule", n, worst + 0 }'
