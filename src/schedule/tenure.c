// SPDX-License-Identifier: ISC

#include "schedule/tenure.h"

/* An account that nobody owns is left to those who prefer it for so long. */
#define CLAIM_GRACE (3 * USEC_PER_SEC)

void tenure_init(struct tenure *tenure, uint64_t position) {
	*tenure = (struct tenure){
		.state = TENURE_FOLLOWING,
		.position = position,
		.head = position,
		.free_since = USEC_INFINITY,
	};
}

bool tenure_owns(const struct tenure *tenure) {
	return tenure->epoch > 0 && tenure->state != TENURE_HALTED;
}

bool tenure_records(const struct tenure *tenure) {
	return tenure->state == TENURE_OWNING || tenure->state == TENURE_DRAINING;
}

static void follow(struct tenure *tenure) {
	tenure->epoch = 0;
	tenure->free_since = USEC_INFINITY;
	if (tenure->state != TENURE_HALTED) {
		tenure->state = TENURE_FOLLOWING;
	}
}

static void see_owner(struct tenure *tenure, const struct tenure_view *view, usec_t now) {
	tenure->owned = view->epoch > 0;
	if (tenure->epoch > 0 && (!view->mine || view->epoch != tenure->epoch)) {
		follow(tenure);
	} else if (tenure->epoch == 0 && view->mine) {
		/* A claim or a release whose answer was lost. */
		tenure->epoch = view->epoch;
		tenure->ours++;
		if (tenure->state != TENURE_HALTED) {
			tenure->state = TENURE_READING;
		}
	}
	if (tenure->owned) {
		tenure->free_since = USEC_INFINITY;
	} else if (tenure->free_since == USEC_INFINITY) {
		tenure->free_since = now;
	}
}

bool tenure_look(struct tenure *tenure, const struct tenure_view *view, usec_t now) {
	if (tenure->busy || view->serial < tenure->believe) {
		return true;
	}
	if (view->head < tenure->head) {
		return false;
	}
	see_owner(tenure, view, now);
	tenure->sighted = true;
	tenure->head = view->head;
	return true;
}

static enum tenure_wish follow_on(const struct tenure *tenure, const struct tenure_place *place) {
	if (tenure->head > tenure->position) {
		return TENURE_READ;
	}
	usec_t grace = place->preferred ? 0 : CLAIM_GRACE;
	bool is_free = !tenure->owned && tenure->free_since != USEC_INFINITY && place->now - tenure->free_since >= grace;
	return is_free && place->may_claim && !place->leave ? TENURE_CLAIM : TENURE_REST;
}

static enum tenure_wish read_up(struct tenure *tenure, const struct tenure_place *place) {
	if (place->leave) {
		tenure->state = TENURE_DRAINING;
		return TENURE_REST;
	}
	if (!tenure->sighted) {
		return TENURE_REST;
	}
	if (tenure->head == 0) {
		return TENURE_BEGIN;
	}
	if (tenure->head > tenure->position) {
		return TENURE_READ;
	}
	tenure->state = TENURE_OWNING;
	return TENURE_REST;
}

enum tenure_wish tenure_turn(struct tenure *tenure, const struct tenure_place *place) {
	if (tenure->state == TENURE_OWNING && place->leave) {
		tenure->state = TENURE_DRAINING;
	}
	if (tenure->busy) {
		return TENURE_REST;
	}
	switch (tenure->state) {
	case TENURE_FOLLOWING:
		return follow_on(tenure, place);
	case TENURE_READING:
		return read_up(tenure, place);
	case TENURE_DRAINING:
		return place->idle ? TENURE_RELEASE : TENURE_REST;
	case TENURE_HALTED:
		return tenure->epoch > 0 ? TENURE_RELEASE : TENURE_REST;
	case TENURE_OWNING:
	case TENURE_CLAIMING:
	case TENURE_LEAVING:
		break;
	}
	return TENURE_REST;
}

static void touch(struct tenure *tenure, bool busy, uint64_t next_serial) {
	tenure->busy = busy;
	tenure->believe = next_serial;
}

void tenure_sent(struct tenure *tenure, enum tenure_wish what, uint64_t next_serial) {
	if (what == TENURE_READ) {
		tenure->busy = true;
		return;
	}
	touch(tenure, true, next_serial);
	if (what == TENURE_CLAIM) {
		tenure->state = TENURE_CLAIMING;
	} else if (what == TENURE_RELEASE && tenure->state != TENURE_HALTED) {
		tenure->state = TENURE_LEAVING;
	}
}

void tenure_claimed(struct tenure *tenure, uint64_t epoch, uint64_t next_serial) {
	touch(tenure, false, next_serial);
	follow(tenure);
	if (epoch == 0) {
		return; /* the next look tells whose it is */
	}
	tenure->epoch = epoch;
	tenure->ours++;
	tenure->sighted = false;
	if (tenure->state != TENURE_HALTED) {
		tenure->state = TENURE_READING;
	}
}

void tenure_released(struct tenure *tenure, bool gone, uint64_t next_serial) {
	touch(tenure, false, next_serial);
	if (gone) {
		follow(tenure);
	} else if (tenure->state == TENURE_LEAVING) {
		tenure->state = TENURE_DRAINING;
	}
}

void tenure_committing(struct tenure *tenure, uint64_t next_serial) {
	touch(tenure, true, next_serial);
}

void tenure_committed(struct tenure *tenure, uint64_t next_serial) {
	touch(tenure, false, next_serial);
	tenure->head = tenure->position + 1;
}

void tenure_read(struct tenure *tenure) {
	tenure->busy = false;
}

void tenure_applied(struct tenure *tenure, uint64_t position) {
	tenure->position = position;
	if (tenure->head < position) {
		tenure->head = position;
	}
}

void tenure_upset(struct tenure *tenure, uint64_t next_serial) {
	tenure->busy = false;
	tenure_doubt(tenure, next_serial);
}

void tenure_doubt(struct tenure *tenure, uint64_t next_serial) {
	tenure->believe = next_serial;
	tenure->sighted = false;
	if (tenure->state == TENURE_OWNING) {
		tenure->state = TENURE_READING;
	}
}

void tenure_lost(struct tenure *tenure, uint64_t next_serial) {
	tenure->believe = next_serial;
	follow(tenure);
}

void tenure_halt(struct tenure *tenure) {
	tenure->state = TENURE_HALTED;
}
