// SPDX-License-Identifier: ISC
// What is chosen, and the hands on it: buttons, keys, mouse.

class Looker {
	constructor(section) {
		const part = name => section.querySelector(`#closer-${name}`);
		this.parts = Object.fromEntries(["pick", "box", "read", "span", "about", "heat", "spread", "figures", "note"].map(name => [name, part(name)]));
		this.parts.cursor = make("div", "", {class: "cursor", hidden: ""});
		this.rooms = [...document.querySelectorAll("table.rooms tbody tr")].map(row => this.roomOf(row));
		this.rooms.sort((a, b) => a.place - b.place);
		this.chart = new Chart(this.parts.box, (from, to) => this.changed(from, to));
		this.unpacked = new Map();
		this.mode = "mean";
		this.fillChoice();
		this.listen(section);
	}

	roomOf(row) {
		const place = Number(row.dataset.room), data = document.getElementById(`counts-${place}`);
		return {place, data, name: row.querySelector("b").textContent, site: row.querySelector("small").textContent,
			seats: Number(data.dataset.seats), clock: numbers(data.dataset.clock).map(([from, seconds]) => [from, seconds * 1000])};
	}

	fillChoice() {
		this.choices = [];
		const group = (label, choices) => {
			const list = make("optgroup", "", {label});
			for (const choice of choices) {
				list.append(make("option", [...choice.name].slice(0, 80).join(""), {value: this.choices.length}));
				this.choices.push(choice);
			}
			this.parts.pick.append(list);
		};
		const rooms = this.rooms.filter(room => room.data.dataset.runs !== "");
		const sites = [...new Set(rooms.map(room => room.site))];
		group("Rooms", rooms.map(room => ({...room, members: [room]})));
		group("Sites", sites.map(site => {
			const members = rooms.filter(room => room.site === site);
			return {name: site || "All rooms", site, seats: 0, clock: members[0].clock, members, isSite: true};
		}));
	}

	// Its series, unpacked when it is first looked at.
	async series(choice) {
		const list = await Promise.all(choice.members.map(async room => {
			if (!this.unpacked.has(room.place)) {
				this.unpacked.set(room.place, unpack(room.data));
			}
			return this.unpacked.get(room.place);
		}));
		return choice.isSite ? sum(list) : list[0];
	}

	async look(number) {
		const choice = this.choices[number];
		this.parts.pick.value = number;
		const series = await this.series(choice);
		if (Number(this.parts.pick.value) !== Number(number)) {
			return;
		}
		this.choice = choice;
		this.place = -1;
		this.parts.read.textContent = "";
		this.parts.about.textContent = choice.isSite ? `${choice.members.length} room${choice.members.length === 1 ? "" : "s"}, people at once` :
			[choice.site, choice.seats > 0 ? `${choice.seats} seats` : ""].filter(Boolean).join(" \u00b7 ");
		this.chart.show(series, choice.clock, choice.seats);
		this.parts.box.append(this.parts.cursor);
	}

	// Another time is shown: what stands below follows when there is time.
	changed(from, to) {
		const {clock} = this.choice;
		this.parts.span.textContent = to - from < 2 * DAY ?
			`${dateText(shown(clock, from))} ${timeText(shown(clock, from))} \u2013 ${dateText(shown(clock, to))} ${timeText(shown(clock, to))}` :
			`${dateText(shown(clock, from))} \u2013 ${dateText(shown(clock, to - 1))}`;
		this.parts.note.hidden = this.chart.detailed;
		this.parts.cursor.hidden = true;
		cancelAnimationFrame(this.waiting);
		this.waiting = requestAnimationFrame(() => {
			this.found = study(this.chart.series, clock, from, to);
			distribution(this.parts.spread, this.found, this.choice.seats);
			figures(this.parts.figures, this.found, clock, this.choice.seats);
			this.week();
		});
	}

	week() {
		weekTable(this.parts.heat, this.found[this.mode], this.mode === "mean" ? 1 : 0);
	}

	// Says what the bucket has, and marks it.
	point(place) {
		const {series, dygraph, clock, area} = this.chart;
		if (place < 0 || place >= series.length) {
			return;
		}
		this.place = place;
		const count = series.count[place], start = shown(clock, series.start[place]), end = shown(clock, series.end[place]);
		const what = count >= 0 ? `${count} ${count === 1 ? "person" : "people"}${series.partial[place] ? " or more: not all rooms have a count" : ""}` :
			count === NO_DATA ? "Rhombus had no data" : count === IN_GAP ? "In a recorded gap" : "Nothing is recorded";
		const share = count >= 0 && this.choice.seats > 0 ? ` \u00b7 ${Math.round(100 * count / this.choice.seats)} % of ${this.choice.seats} seats` : "";
		this.parts.read.replaceChildren(make("b", what), ` ${share} \u00b7 ${dateText(start)}, ${timeText(start)}\u2013${timeText(end)}`);
		const left = dygraph.toDomXCoord((series.start[place] + series.end[place]) / 2);
		this.parts.cursor.hidden = left < area.x || left > area.x + area.w;
		this.parts.cursor.style.left = `${left}px`;
		this.parts.cursor.style.top = `${area.y}px`;
		this.parts.cursor.style.height = `${area.h}px`;
	}

	// The bucket before or behind the one that is marked; the time that is shown follows.
	step(by) {
		const {series} = this.chart, [from, to] = this.chart.shown;
		const place = Math.max(0, Math.min(series.length - 1, this.place < 0 ? placeAt(series, (from + to) / 2) : this.place + by));
		if (series.start[place] < from || series.end[place] > to) {
			const shift = series.start[place] < from ? series.start[place] - from : series.end[place] - to;
			this.chart.range(from + shift, to + shift);
		}
		this.point(place);
	}

	span(length) {
		const [from, to] = this.chart.shown, last = this.chart.last;
		// The latest, unless another time is looked at.
		const end = to >= last || to - from <= length ? to : (from + to) / 2 + length / 2;
		this.chart.range(end - length, end);
	}

	key(event) {
		const does = {ArrowLeft: () => event.shiftKey ? this.step(-1) : this.chart.move(-0.25),
			ArrowRight: () => event.shiftKey ? this.step(1) : this.chart.move(0.25), PageUp: () => this.chart.move(-1),
			PageDown: () => this.chart.move(1), "+": () => this.chart.zoom(0.5), "=": () => this.chart.zoom(0.5),
			"-": () => this.chart.zoom(2), Home: () => this.chart.all(), Escape: () => this.chart.all()}[event.key];
		if (does && !event.ctrlKey && !event.altKey && !event.metaKey) {
			does();
			event.preventDefault();
		}
	}

	listen(section) {
		const {pick, box} = this.parts, chart = this.chart;
		const acts = {day: () => this.span(DAY), week: () => this.span(7 * DAY), month: () => this.span(30 * DAY), all: () => chart.all(),
			left: () => chart.move(-0.5), right: () => chart.move(0.5), out: () => chart.zoom(2), in: () => chart.zoom(0.5)};
		for (const button of section.querySelectorAll("button[data-act]")) {
			button.addEventListener("click", acts[button.dataset.act]);
		}
		for (const button of section.querySelectorAll("button[data-mode]")) {
			button.addEventListener("click", () => {
				this.mode = button.dataset.mode;
				section.querySelectorAll("button[data-mode]").forEach(other => other.setAttribute("aria-pressed", other === button));
				this.week();
			});
		}
		pick.addEventListener("change", () => this.look(pick.value));
		box.addEventListener("keydown", event => this.key(event));
		box.addEventListener("pointermove", event => {
			const x = event.clientX - box.getBoundingClientRect().left, {area} = chart;
			if (event.pointerType === "mouse" && event.buttons === 0 && x >= area.x && x <= area.x + area.w) {
				this.point(placeAt(chart.series, chart.dygraph.toDataXCoord(x)));
			}
		});
		box.addEventListener("wheel", event => {
			if (event.ctrlKey || event.metaKey) {
				event.preventDefault();
				chart.zoom(event.deltaY > 0 ? 1.25 : 0.8, chart.dygraph.toDataXCoord(event.clientX - box.getBoundingClientRect().left));
			}
		}, {passive: false});
		const again = () => chart.dygraph && chart.draw(chart.shown);
		matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
	}
}

// The names of rooms lead there.
function link(looker) {
	for (const name of document.querySelectorAll("b[data-room]")) {
		const number = looker.choices.findIndex(choice => choice.place === Number(name.dataset.room));
		if (number >= 0) {
			const anchor = make("a", name.textContent, {href: "#closer"});
			anchor.addEventListener("click", () => looker.look(number));
			name.replaceChildren(anchor);
		}
	}
}

{
	const section = document.getElementById("closer");
	if (section && typeof DecompressionStream === "function") {
		for (const hidden of document.querySelectorAll("#closer, nav a[href='#closer']")) {
			hidden.hidden = false;
		}
		const looker = new Looker(section), first = document.querySelector("#findings b[data-room]");
		link(looker);
		// What stands out most, if something does.
		looker.look(Math.max(0, looker.choices.findIndex(choice => first && choice.place === Number(first.dataset.room)))).then(() => document.documentElement.dataset.ready = "");
	}
}
