#!/bin/bash
# The page of a report and the pictures of `pagevisor map`, in a real browser (chromium):
# light and dark, wide and narrow, without a network; and a trace in the browser's own viewer.  lib/page-check.js looks at what the
# browser made of them; pictures are taken and looked at, too.
. "$(dirname "$0")/lib/tap.bash"
. "$(dirname "$0")/lib/pointer.bash"

if ! command -v chromium >/dev/null; then
	skip "pages in a browser" "chromium is not installed"
	finish
fi
need_kvm "pages in a browser" "no guest to draw"
pv=$B/pagevisor
export XDG_RUNTIME_DIR=$work

browser() { # dark|light, WIDTH, what else
	local scheme=1 width=$2
	[ "$1" = dark ] && scheme=0
	shift 2
	timeout 120 chromium --headless --no-sandbox --disable-gpu --hide-scrollbars \
		--user-data-dir="$work/profile" --host-resolver-rules='MAP * ~NOTFOUND' \
		--blink-settings=preferredColorScheme="$scheme" --window-size="$width,1400" \
		"$@" 2>"$work/browser.err"
}
# The page with the checker in it.
prepare() { # FILE, its page
	{
		case $1 in
		*.svg) echo '<!DOCTYPE html><html><body>' && cat "$1" && echo '</body></html>' ;;
		*) sed 's/<\/html>//' "$1" ;;
		esac
		echo '<script>'
		cat tests/integration/lib/page-check.js
		echo '</script>'
	} >"$2"
}
looks_well() { # FILE, dark|light, WIDTH, what the checker must say at the end
	prepare "$1" "$work/page.html"
	browser "$2" "$3" --dump-dom "file://$work/page.html" >"$work/dom"
	sed -n '/<pre id="checked">/,/<\/pre>/p' "$work/dom" | sed 's/<[^>]*>//g' >"$work/checked"
	cat "$work/checked"
	! grep -q '^wrong' "$work/checked" && grep -Eq "^checked: $4, $2\$" "$work/checked"
}
picture() { # FILE, dark|light, PNG
	browser "$2" 1000 --screenshot="$3" "file://$1" >/dev/null
	[ -s "$3" ]
}
# What is in two pictures: how light they are in the mean, how many colours they have.
seen() {
	local script='const img = document.images, out = [];
		for (const i of img) {
			const c = document.createElement("canvas"), g = c.getContext("2d");
			c.width = i.naturalWidth; c.height = i.naturalHeight; g.drawImage(i, 0, 0);
			const d = g.getImageData(0, 0, c.width, c.height).data, colors = new Set();
			let sum = 0;
			for (let p = 0; p < d.length; p += 4) {
				sum += d[p] + d[p + 1] + d[p + 2];
				colors.add(d[p] << 16 | d[p + 1] << 8 | d[p + 2]);
			}
			out.push(Math.round(sum / d.length * 4 / 3) + " " + colors.size);
		}
		const pre = document.createElement("pre"); pre.textContent = "seen: " + out.join(" ");
		document.body.append(pre);'
	{
		echo '<!DOCTYPE html><html><body>'
		for png in "$@"; do
			echo "<img src=\"data:image/png;base64,$(base64 -w0 "$png")\">"
		done
		echo "<script>addEventListener('load', () => { $script });</script></body></html>"
	} >"$work/seen.html"
	browser light 1000 --virtual-time-budget=10000 --dump-dom "file://$work/seen.html" |
		sed -n 's/.*seen: \([0-9][0-9 ]*\).*/\1/p'
}
light_and_dark_differ() { # FILE
	local light_mean light_colors dark_mean dark_colors
	picture "$1" light "$work/light.png" && picture "$1" dark "$work/dark.png" || return 1
	read -r light_mean light_colors dark_mean dark_colors <<<"$(seen "$work/light.png" "$work/dark.png")"
	echo "light: mean $light_mean of $light_colors colours; dark: $dark_mean of $dark_colors"
	[ "$light_mean" -gt $((dark_mean + 80)) ] && [ "$light_colors" -gt 8 ] && [ "$dark_colors" -gt 8 ]
}

guest() {
	timeout 100 "$pv" run --name drawn --mem 64M --cpus 2 --console none --report "$work/r.json" --profile "$work/folded" \
		--append 'experiments=buddy.*,slab.*,vmalloc.* trace=kmem:*,vmalloc:*,dma:*' "$B/guest.elf" &
	local i pid=$!
	for ((i = 0; i < 400; i++)); do
		# Of a guest that has come so far as to have both.
		"$pv" map drawn -o "$work/map.svg" 2>/dev/null && grep -q 'class="o-slab"' "$work/map.svg" &&
			grep -q 'class="o-vmalloc"' "$work/map.svg" && break
		kill -0 "$pid" || return 1
		sleep 0.05
	done
	"$pv" trace drawn --all --for 0.05 -o "$work/trace.json" &&
		"$pv" map drawn --every 60 --for 50 -o "$work/lapse.svg" &&
		wait "$pid" && "$pv" report "$work/r.json" -o "$work/report.html"
}

ok "a guest is drawn while it runs, and its report made" guest
for scheme in light dark; do
	ok "the report, $scheme" looks_well "$work/report.html" $scheme 1120 '8 pictures, [0-9]+ moments'
	ok "the map, $scheme" looks_well "$work/map.svg" $scheme 1040 '1 pictures, 0 moments'
	ok "the time-lapse, $scheme" looks_well "$work/lapse.svg" $scheme 1040 '1 pictures, [0-9]{2,} moments'
done
ok "the report in a narrow window" looks_well "$work/report.html" light 500 '8 pictures, [0-9]+ moments'
ok "the report's colours follow the theme" light_and_dark_differ "$work/report.html"
ok "the map's colours follow the theme" light_and_dark_differ "$work/map.svg"

# --- a pointer ----------------------------------------------------------------------------------

tells() { # ELEMENT, PATTERN: the tooltip on it
	pointer_on "document.querySelector('$1')" && pointer_says >"$work/tip"
	cat "$work/tip" "$work/browser.err"
	grep -Eq -- "$2" "$work/tip"
}
nothing_beside() { # off the cells, the picture's own title at most
	pointer_on 'document.querySelector("text.title")' && pointer_says >"$work/tip"
	cat "$work/tip"
	! grep -q ' at 0x' "$work/tip"
}
holds_a_moment() {
	pointer_on 'document.querySelectorAll(".tick")[3]' && pointer_eval '[...document.querySelectorAll(".moment")]
		.filter(m => getComputedStyle(m).visibility === "visible").map(m => m.id).join()' >"$work/tip"
	cat "$work/tip"
	[ "$(cat "$work/tip")" = m3 ]
}
range='[0-9.]+ [KM]iB at 0x[0-9a-f]+'
ok "the map is opened under a pointer" pointer_open "$work/map.svg"
ok "on a cell it tells which pages, and what for" tells rect.k-kernel "^$range: kernel image\$"
ok "in a slab, whose it is" tells path.o-slab "^slab [a-z][a-z0-9_-]+: $range\$"
ok "in an area of vmalloc, too" tells path.o-vmalloc "^vmalloc [a-z_]+[+]0x[0-9a-f]+: $range\$"
ok "beside the cells it tells none" nothing_beside
pointer_close
ok "the time-lapse is opened under a pointer" pointer_open "$work/lapse.svg"
ok "on its bar it holds that moment" holds_a_moment
pointer_close
ok "the report is opened under a pointer" pointer_open "$work/report.html"
ok "a cell in it tells its pages" tells 'svg[aria-label="physical memory by use"] rect.k-kernel' "^$range: kernel image\$"
pointer_close

# --- a trace, as DevTools' Performance panel reads it -----------------------------------------

# What the panel's own reader makes of the file: the guest, its vCPUs, and how many events each
# has.  Where a browser has its reader elsewhere, this is left out.
devtools_read() {
	local part
	while IFS= read -r -d '' -n 20000 part || [ "$part" ]; do
		pointer_eval "globalThis.text = (globalThis.text ?? '') + $(printf %s "$part" | jq -Rs .); 0" || return 1
	done <"$1" >"$work/devtools"
	pointer_eval '(async () => {
		const bundle = await import("devtools://devtools/bundled/models/trace/trace.js").catch(() => null);
		const model = bundle?.TraceModel?.Model?.createWithAllHandlers?.();
		if (!model?.parse || !model?.parsedTrace) return "no reader";
		await model.parse(JSON.parse(text).traceEvents, {});
		const data = model.parsedTrace(0).data;
		return [...data.Renderer.processes].map(([pid, process]) => [data.Meta.processNames.get(pid)?.args.name,
			...[...process.threads].map(([, thread]) => thread.name + "=" + thread.entries.length).sort()].join(" ")).join();
	})().catch(String)' >"$work/devtools"
	cat "$work/devtools"
}
devtools_agree() {
	jq -r '(.traceEvents[] | select(.name == "process_name").args.name) + " " +
		([.traceEvents[] | select(.ph == "I").tid] | group_by(.) | map("vcpu\(.[0])=\(length)") | join(" "))' \
		"$work/trace.json" >"$work/devtools.want"
	diff "$work/devtools.want" "$work/devtools"
}
ok "DevTools are opened" pointer_page devtools://devtools/bundled/devtools_app.html true
ok "and take a trace" devtools_read "$work/trace.json"
what="DevTools have all of its events, by vCPU"
if grep -qx 'no reader' "$work/devtools"; then
	skip "$what" "this browser has its reader of traces elsewhere"
else
	ok "$what" devtools_agree
fi
pointer_close

# The checker can fail: a class that nobody gave a colour, a text that leaves.
notices() {
	sed 's/class="k-kernel"/class="k-colonel"/g; s/<text x="68"/<text x="-200"/' "$work/map.svg" >"$work/bad.svg"
	looks_well "$work/bad.svg" light 1040 '.*' && return 1
	grep -q 'no colour for class "k-colonel"' "$work/checked" && grep -q 'leaves its picture' "$work/checked"
}
ok "the checker notices what is wrong" notices
finish
