// SPDX-License-Identifier: ISC
// The series, drawn by dygraphs: it has the axes, the range selector and the handling of mouse and touch.

// What shows figures under the mouse as HTML with styles of its own is left out: the page's policy allows none.
Dygraph.PLUGINS = Dygraph.PLUGINS.filter(plugin => plugin !== Dygraph.Plugins.Legend);

const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function hatching(context, stroke) {
	const tile = document.createElement("canvas");
	tile.width = tile.height = 8;
	const pen = tile.getContext("2d");
	pen.strokeStyle = stroke;
	pen.lineWidth = 1.2;
	pen.beginPath();
	for (const shift of [-4, 4, 12]) {
		pen.moveTo(shift - 4, 8);
		pen.lineTo(shift + 4, 0);
	}
	pen.stroke();
	return context.createPattern(tile, "repeat");
}

// A round step, of which there are at most so many up to the most.
function niceStep(most, parts) {
	let step = 1;
	for (let i = 0; most / step > parts; i++) {
		step *= i % 3 === 1 ? 2.5 : 2;
	}
	return step;
}

/* Where the axis of time has its marks: by the room's clock. */

const STEPS = [5 * 60e3, 15 * 60e3, HOUR, 3 * HOUR, 6 * HOUR];

function monthTicks(clock, from, to, every) {
	const first = new Date(shown(clock, from)), ticks = [];
	for (let month = first.getUTCMonth(); ; month++) {
		const local = Date.UTC(first.getUTCFullYear(), month, 1), instant = instantOf(clock, local), date = new Date(local);
		if (instant > to) {
			return ticks;
		}
		if (instant >= from && date.getUTCMonth() % every === 0) {
			ticks.push({v: instant, label: MONTHS[date.getUTCMonth()] + (date.getUTCMonth() === 0 ? ` ${date.getUTCFullYear()}` : "")});
		}
	}
}

function stepTicks(clock, from, to, step) {
	const ticks = [];
	// Weeks begin on Mondays.
	const phase = step >= 7 * DAY ? 4 * DAY : 0;
	for (let local = Math.ceil((shown(clock, from) - phase) / step) * step + phase; ; local += step) {
		const instant = instantOf(clock, local), date = new Date(local);
		if (instant > to) {
			return ticks;
		}
		const day = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
		const label = local % DAY !== 0 ? timeText(local) : step >= 7 * DAY ? day : `${WEEKDAYS[weekday(local)]} ${day}`;
		ticks.push({v: instant, label});
	}
}

function timeTicks(clock, from, to, pixels) {
	const most = Math.max(2, pixels / 84), months = Math.max(2, pixels / 52);
	// What would stand below the heights is left out.
	const fit = ticks => ticks.filter(tick => (tick.v - from) / (to - from) * pixels > 26);
	for (const step of [...STEPS, DAY, 2 * DAY, 7 * DAY, 14 * DAY]) {
		if ((to - from) / step <= most) {
			return fit(stepTicks(clock, from, to, step));
		}
	}
	return fit(monthTicks(clock, from, to, [1, 2, 3, 6, 12].find(every => (to - from) / (30 * DAY * every) <= months) || 12));
}

/* Drawing */

// Where something is missing: hatched over the whole height; for a sum that is not of all rooms, at its foot.
function drawHoles(chart, context, area, from, to) {
	const {series} = chart;
	context.fillStyle = hatching(context, colour("--gap"));
	for (let place = placeAt(series, from); place < series.length && series.start[place] < to;) {
		const begin = place, whole = series.count[place] < 0;
		while (place < series.length && series.partial[place] && (series.count[place] < 0) === whole && series.start[place] < to) {
			place++;
		}
		if (place === begin) {
			place++;
			continue;
		}
		const left = Math.max(area.x, chart.dygraph.toDomXCoord(series.start[begin]));
		const right = Math.min(area.x + area.w, chart.dygraph.toDomXCoord(series.end[place - 1]));
		const height = whole ? area.h : 10;
		context.fillRect(left, area.y + area.h - height, Math.max(2, right - left), height);
	}
}

// Each bucket as it is.
function drawBuckets(chart, context, y, from, to) {
	const {series, dygraph} = chart, foot = y(0), line = new Path2D(), face = new Path2D();
	let end = NaN;
	for (let place = placeAt(series, from); place < series.length && series.start[place] < to; place++) {
		if (series.count[place] < 0) {
			continue;
		}
		const left = dygraph.toDomXCoord(series.start[place]), right = dygraph.toDomXCoord(series.end[place]), top = y(series.count[place]);
		face.rect(left, top, right - left, foot - top);
		if (series.start[place] === end) {
			line.lineTo(left, top);
		} else {
			line.moveTo(left, top);
		}
		line.lineTo(right, top);
		end = series.end[place];
	}
	context.fillStyle = colour("--band");
	context.fill(face);
	context.strokeStyle = colour("--link");
	context.lineWidth = 1.5;
	context.stroke(line);
}

// Many buckets to a column: their highest count, and their mean.
function drawColumns(chart, context, area, y, from, to) {
	const {series} = chart, width = chart.columnWidth(from, to), foot = y(0);
	// Those of a day or a week begin when that does.
	const day = area.w / ((to - from) / DAY), local = shown(chart.clock, from);
	const begin = width <= day / 2 ? 0 : -(width < day * 2 ? local % DAY : local % DAY + weekday(local) * DAY) / DAY * day;
	for (const peaks of [true, false]) {
		context.fillStyle = colour(peaks ? "--s2" : "--s4");
		let place = placeAt(series, from + begin / area.w * (to - from));
		for (let left = begin; left < area.w && place < series.length; left += width) {
			const end = from + (left + width) / area.w * (to - from);
			let most = -1, people = 0, time = 0;
			for (; place < series.length && series.start[place] < end; place++) {
				const count = series.count[place], length = series.end[place] - series.start[place];
				if (count >= 0) {
					most = Math.max(most, count);
					people += count * length;
					time += length;
				}
			}
			const top = y(peaks ? most : time > 0 ? people / time : 0);
			if (most > 0) {
				context.fillRect(area.x + left, top, Math.max(width > 2 ? width - 0.6 : width, 1), foot - top);
			}
		}
	}
}

function drawCapacity(chart, context, area, y) {
	const height = Math.round(y(chart.seats)) + 0.5;
	context.strokeStyle = context.fillStyle = colour("--over");
	context.lineWidth = 1.2;
	context.setLineDash([5, 4]);
	context.beginPath();
	context.moveTo(area.x, height);
	context.lineTo(area.x + area.w, height);
	context.stroke();
	context.font = "12px system-ui, sans-serif";
	context.textAlign = "right";
	context.fillText(`${chart.seats} seats`, area.x + area.w - 4, height - 5);
}

class Chart {
	// box: what it is drawn in.  changed: is told when another time is shown.
	constructor(box, changed) {
		this.box = box;
		this.changed = changed;
		this.dygraph = null;
	}

	// A series with its clock, and the seats for a line, 0 for none.
	show(series, clock, seats) {
		this.series = series;
		this.clock = clock;
		this.seats = seats;
		this.first = series.start[0];
		this.last = series.end[series.length - 1];
		this.draw(null);
	}

	// Makes it anew, with the colours and the size that hold now.
	draw(range) {
		this.dygraph?.destroy();
		this.dygraph = new Dygraph(this.box, this.overview(), this.options(range));
		// The handles say nothing to a reader of the screen, who has the keys.
		for (const handle of this.box.querySelectorAll("img")) {
			handle.alt = "";
		}
	}

	// What the range selector shows, and the library needs: the peaks of some hundreds of pieces.
	overview() {
		const {series, first, last} = this, pieces = Math.min(700, series.length), rows = [];
		let place = 0;
		for (let i = 0; i < pieces; i++) {
			const from = first + (last - first) * i / pieces, to = first + (last - first) * (i + 1) / pieces;
			let most = null;
			for (; place < series.length && series.start[place] < to; place++) {
				most = series.count[place] < 0 ? most : Math.max(most, series.count[place]);
			}
			rows.push([from, most]);
		}
		rows.push([last, null]);
		return rows;
	}

	columnWidth(from, to) {
		const day = this.area.w / ((to - from) / DAY);
		return to - from < 60 * DAY ? 3 : day >= 0.75 ? day : Math.max(1, day * 7);
	}

	top() {
		let most = this.seats;
		for (const count of this.series.count) {
			most = count > most ? count : most;
		}
		const step = niceStep(Math.max(1, most) * 1.05, 5);
		return [step, Math.ceil(Math.max(1, most) * 1.05 / step) * step];
	}

	options(range) {
		const [step, top] = this.top();
		const heights = Array.from({length: Math.round(top / step) + 1}, (_, i) => ({v: i * step, label: String(i * step)}));
		return {
			labels: ["time", "people"], dateWindow: range, valueRange: [0, top * 1.002], xRangePad: 0,
			axes: {
				x: {ticker: (from, to, pixels) => timeTicks(this.clock, from, to, pixels), axisLabelWidth: 84, drawGrid: false},
				y: {ticker: () => heights, axisLabelWidth: 34},
			},
			axisLabelFontSize: 12, axisLineColor: colour("--rule"), gridLineColor: colour("--rule"), gridLineWidth: 1,
			showRangeSelector: true, rangeSelectorHeight: 44, rangeSelectorPlotStrokeColor: "", rangeSelectorPlotFillColor: colour("--s3"),
			rangeSelectorPlotFillGradientColor: colour("--s3"), rangeSelectorBackgroundStrokeColor: colour("--rule"),
			rangeSelectorForegroundStrokeColor: colour("--link"), rangeSelectorForegroundLineWidth: 1.5,
			rangeSelectorVeilColour: colour("--veil"),
			stepPlot: true, highlightCircleSize: 0, interactionModel: this.interaction(),
			plotter: plot => this.plot(plot), drawCallback: () => this.drawn(),
		};
	}

	// That of the library; but the height stays as it is, and a page is scrolled by a finger that goes up or down.
	interaction() {
		const usual = Dygraph.defaultInteractionModel;
		const sideways = context => context.touchDirections = {x: true, y: false};
		const patient = event => ({touches: event.touches, changedTouches: event.changedTouches, preventDefault() {
			if (event.touches.length > 1) {
				event.preventDefault();
			}
		}});
		return {
			...usual,
			touchstart: (event, dygraph, context) => {
				usual.touchstart(patient(event), dygraph, context);
				sideways(context);
			},
			touchmove: (event, dygraph, context) => {
				event.preventDefault();
				usual.touchmove(event, dygraph, context);
				this.range(...dygraph.xAxisRange());
			},
			touchend: (event, dygraph, context) => {
				usual.touchend(patient(event), dygraph, context);
				sideways(context);
			},
		};
	}

	plot({drawingContext: context, plotArea: area, dygraph}) {
		const [from, to] = dygraph.xAxisRange(), y = count => dygraph.toDomYCoord(count), {series} = this;
		this.dygraph = dygraph;
		this.area = area;
		context.save();
		context.beginPath();
		context.rect(area.x, area.y, area.w, area.h);
		context.clip();
		const buckets = placeAt(series, to) - placeAt(series, from);
		drawHoles(this, context, area, from, to);
		this.detailed = buckets * 1.2 < area.w;
		if (this.detailed) {
			drawBuckets(this, context, y, from, to);
		} else {
			drawColumns(this, context, area, y, from, to);
		}
		context.restore();
		if (this.seats > 0) {
			context.save();
			drawCapacity(this, context, area, y);
			context.restore();
		}
	}

	drawn() {
		const [from, to] = this.dygraph ? this.dygraph.xAxisRange() : [this.first, this.last];
		this.changed(from, to);
	}

	get shown() {
		return this.dygraph.xAxisRange();
	}

	// Shows that time, or as much of it as there is; at least about eight buckets.
	range(from, to) {
		const all = this.last - this.first, least = Math.min(all, 8 * (this.series.end[0] - this.series.start[0]));
		const length = Math.min(all, Math.max(least, to - from)), middle = (from + to) / 2;
		const begin = Math.min(this.last - length, Math.max(this.first, middle - length / 2));
		this.dygraph.updateOptions({dateWindow: [begin, begin + length]});
	}

	zoom(factor, at) {
		const [from, to] = this.shown, pivot = at ?? (from + to) / 2;
		this.range(pivot - (pivot - from) * factor, pivot + (to - pivot) * factor);
	}

	move(share) {
		const [from, to] = this.shown;
		this.range(from + (to - from) * share, to + (to - from) * share);
	}

	all() {
		this.range(this.first, this.last);
	}
}
