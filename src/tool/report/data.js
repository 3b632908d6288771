"use strict";
// SPDX-License-Identifier: ISC
// The counts of the rooms, as src/tool/packed.h describes them, and the clocks on their walls.

const NO_DATA = -1, IN_GAP = -2, MISSING = -3;
const HOUR = 3600e3, DAY = 24 * HOUR;
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

// An element with a text and attributes.
function make(tag, text = "", attributes = {}) {
	const element = document.createElement(tag);
	element.textContent = text;
	for (const name in attributes) {
		element.setAttribute(name, attributes[name]);
	}
	return element;
}

const two = number => String(number).padStart(2, "0");

/* Clocks: a list of [from when on, how far ahead of UTC], in milliseconds. */

function offsetAt(clock, instant) {
	let low = 0, high = clock.length;
	while (high - low > 1) {
		const middle = (low + high) >> 1;
		if (clock[middle][0] <= instant) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return clock[low][1];
}

// What the clock shows, as if it were UTC.
const shown = (clock, instant) => instant + offsetAt(clock, instant);

// When it shows that: the first time if it does so twice.
function instantOf(clock, local) {
	const early = local - Math.max(...clock.map(([, offset]) => offset));
	const late = local - Math.min(...clock.map(([, offset]) => offset));
	for (const instant of [early, local - offsetAt(clock, early), local - offsetAt(clock, late)]) {
		if (shown(clock, instant) === local) {
			return instant;
		}
	}
	return late;
}

const weekday = local => Math.floor(local / DAY + 3) % 7;

function dateText(local) {
	const date = new Date(local);
	return `${WEEKDAYS[weekday(local)]} ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

function timeText(local) {
	const date = new Date(local);
	return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
}

/* Counts: starts and ends in milliseconds, and what there is, all by the place of the bucket. */

async function inflate(base64) {
	const text = atob(base64), packed = new Uint8Array(text.length);
	for (let i = 0; i < packed.length; i++) {
		packed[i] = text.charCodeAt(i);
	}
	const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
	return new Uint8Array(await new Response(stream).arrayBuffer());
}

// The numbers of a list such as "1 2;3 4".
const numbers = text => text === "" ? [] : text.split(";").map(part => part.split(" ").map(Number));

function emptySeries(length) {
	return {length, start: new Float64Array(length), end: new Float64Array(length), count: new Float64Array(length),
	        partial: new Uint8Array(length)};
}

function readCount(bytes, at) {
	const byte = bytes[at];
	if (byte < 251) {
		return [byte, at + 1];
	}
	if (byte > 251) {
		return [251 - byte, at + 1];
	}
	let count = 0, weight = 1;
	do {
		count += (bytes[++at] & 127) * weight;
		weight *= 128;
	} while (bytes[at] > 127);
	return [count, at + 1];
}

async function unpack(element) {
	const bytes = await inflate(element.textContent), runs = numbers(element.dataset.runs);
	const series = emptySeries(runs.reduce((sum, [, , count]) => sum + count, 0));
	let place = 0, at = 0;
	for (const [start, length, count] of runs) {
		for (let i = 0; i < count; i++, place++) {
			series.start[place] = start + i * length;
			series.end[place] = start + (i + 1) * length;
			[series.count[place], at] = readCount(bytes, at);
			series.partial[place] = series.count[place] < 0 ? 1 : 0;
		}
	}
	return series;
}

// The sum of some rooms, for each time in which none of them changes; a sum is partial if a room has no count then.
function sum(members) {
	const places = members.map(() => 0), pieces = [];
	let now = Math.min(...members.map(member => member.length > 0 ? member.start[0] : Infinity));
	while (now < Infinity) {
		let until = Infinity, people = MISSING, partial = 0, any = false;
		for (let i = 0; i < members.length; i++) {
			const member = members[i];
			while (places[i] < member.length && member.end[places[i]] <= now) {
				places[i]++;
			}
			const place = places[i];
			if (place === member.length) {
				continue;
			}
			const begun = member.start[place] <= now, count = member.count[place];
			until = Math.min(until, begun ? member.end[place] : member.start[place]);
			any ||= begun;
			if (begun && count >= 0) {
				people = Math.max(people, 0) + count;
			} else if (begun) {
				people = people < 0 ? Math.max(people, count) : people;
				partial = 1;
			}
		}
		if (any) {
			pieces.push([now, until, people, partial]);
		}
		now = until;
	}
	const series = emptySeries(pieces.length);
	pieces.forEach((piece, i) => [series.start[i], series.end[i], series.count[i], series.partial[i]] = piece);
	return series;
}

// The place of the bucket at the instant, or of the next one.
function placeAt(series, instant) {
	let low = 0, high = series.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (series.end[middle] > instant) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return low;
}
