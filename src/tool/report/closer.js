// SPDX-License-Identifier: ISC
// A closer look: one room or site, its series, and its week and distribution in the time that is shown.

const SVG = "http://www.w3.org/2000/svg";

function picture(tag, attributes, text = "") {
	const element = document.createElementNS(SVG, tag);
	for (const name in attributes) {
		element.setAttribute(name, attributes[name]);
	}
	element.textContent = text;
	return element;
}

// Of the time in [from, to): the week by hours, how long how many people were there, and the highest count.
function study(series, clock, from, to) {
	const mean = new Float64Array(168), known = new Float64Array(168), peak = new Float64Array(168).fill(-1);
	const times = new Map(), found = {mean, peak, times, known: 0, used: 0, most: -1, mostAt: 0};
	for (let place = placeAt(series, from); place < series.length && series.start[place] < to; place++) {
		const count = series.count[place];
		if (count < 0) {
			continue;
		}
		const begin = Math.max(series.start[place], from), end = Math.min(series.end[place], to);
		if (count > found.most) {
			[found.most, found.mostAt] = [count, series.start[place]];
		}
		times.set(count, (times.get(count) || 0) + end - begin);
		found.known += end - begin;
		found.used += count > 0 ? end - begin : 0;
		for (let at = begin, next; at < end; at = next) {
			const local = shown(clock, at), hour = weekday(local) * 24 + Math.floor(local / HOUR) % 24;
			next = Math.min(end, at + HOUR - local % HOUR);
			mean[hour] += count * (next - at);
			known[hour] += next - at;
			peak[hour] = Math.max(peak[hour], count);
		}
	}
	for (let hour = 0; hour < 168; hour++) {
		mean[hour] = known[hour] > 0 ? mean[hour] / known[hour] : -1;
	}
	return found;
}

function weekTable(table, cells, decimals) {
	const most = Math.max(...cells), head = make("tr"), body = make("tbody");
	head.append(make("td"));
	for (let hour = 0; hour < 24; hour++) {
		head.append(make("th", hour, {scope: "col"}));
	}
	for (let day = 0; day < 7; day++) {
		const row = make("tr");
		row.append(make("th", WEEKDAYS[day], {scope: "row"}));
		for (let hour = 0; hour < 24; hour++) {
			const figure = cells[day * 24 + hour];
			const shade = figure > 0 ? Math.min(6, Math.ceil(figure / most * 6)) : 0;
			row.append(figure < 0 ? make("td", "\u2013", {class: "none"}) :
				make("td", figure >= 0.05 ? figure.toFixed(figure < 9.95 ? decimals : 0) : "", {class: `s${shade}`}));
		}
		body.append(row);
	}
	const top = make("thead");
	top.append(head);
	table.replaceChildren(top, body);
}

// How long how many people were there, of the time in which somebody was.
function distribution(box, found, seats) {
	const most = Math.max(1, found.most), wide = Math.ceil(most / 14), bins = new Float64Array(Math.ceil(most / wide));
	for (const [count, time] of found.times) {
		if (count > 0) {
			bins[Math.ceil(count / wide) - 1] += time;
		}
	}
	const tallest = Math.max(...bins, 1), width = 320 / bins.length, parts = [];
	const each = Math.max(1, Math.ceil(bins.length / 7));
	bins.forEach((time, i) => {
		const height = time / tallest * 116, over = seats > 0 && i * wide + 1 > seats;
		parts.push(picture("rect", {class: over ? "over" : "s4", x: i * width + 0.75, y: 120 - height, width: width - 1.5, height}));
		if (i % each === 0) {
			const label = wide > 1 ? `${i * wide + 1}\u2013${(i + 1) * wide}` : i + 1;
			parts.push(picture("text", {x: (i + 0.5) * width, y: 135, "text-anchor": "middle"}, label));
		}
	});
	parts.push(picture("path", {class: "ground", d: "M0 120.5h320"}), picture("text", {x: 320, y: 150, "text-anchor": "end"}, "people"));
	box.setAttribute("aria-label", found.used > 0 ? `Distribution of the counts above 0, up to ${most}` : "There is no count above 0");
	box.replaceChildren(...parts);
}

// The least count that is not exceeded in that part of the time in which somebody was there.
function quantile(found, share) {
	let time = 0;
	for (const count of [...found.times.keys()].filter(count => count > 0).sort((a, b) => a - b)) {
		time += found.times.get(count);
		if (time >= share * found.used) {
			return count;
		}
	}
	return 0;
}

function figures(list, found, clock, seats) {
	const rows = [["Time with a count", `${(found.known / HOUR).toFixed(1)} h`]];
	if (found.most >= 0) {
		const local = shown(clock, found.mostAt);
		rows.unshift(["Peak", `${found.most} on ${dateText(local)} ${timeText(local)}`]);
		rows.push(["Somebody there", `${(100 * found.used / found.known).toFixed(1)} % of it`]);
	}
	if (found.used > 0) {
		let people = 0, over = 0;
		for (const [count, time] of found.times) {
			people += count * time;
			over += count > seats ? time : 0;
		}
		rows.push(["Mean when used", (people / found.used).toFixed(1)], ["Half of its use", `by ${quantile(found, 0.5)} or fewer`],
			["95 % of its use", `by ${quantile(found, 0.95)} or fewer`]);
		if (seats > 0) {
			rows.push(["More than seats", `${(100 * over / found.used).toFixed(1)} % of its use`]);
		}
	}
	list.replaceChildren(...rows.flatMap(([name, text]) => [make("dt", name), make("dd", text)]));
}
