// SPDX-License-Identifier: ISC

#include "schedule/queue.h"

#include "base/array.h"

#include <errno.h>
#include <stdlib.h>

void queue_init(struct queue *queue) {
	*queue = (struct queue){0};
}

void queue_done(struct queue *queue) {
	if (queue) {
		free(queue->heap);
		queue_init(queue);
	}
}

int queue_reserve(struct queue *queue, size_t count) {
	return array_reserve(&queue->heap, &queue->size, count, sizeof(struct poll *));
}

static void sift_up(struct queue *queue, size_t at) {
	struct poll *poll = queue->heap[at];
	while (at > 0 && poll->key < queue->heap[(at - 1) / 2]->key) {
		queue->heap[at] = queue->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	queue->heap[at] = poll;
}

static void sift_down(struct queue *queue, size_t at) {
	struct poll *poll = queue->heap[at];
	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= queue->len) {
			break;
		}
		if (child + 1 < queue->len && queue->heap[child + 1]->key < queue->heap[child]->key) {
			child++;
		}
		if (poll->key <= queue->heap[child]->key) {
			break;
		}
		queue->heap[at] = queue->heap[child];
		at = child;
	}
	queue->heap[at] = poll;
}

void queue_push(struct queue *queue, struct poll *poll) {
	queue->heap[queue->len] = poll;
	sift_up(queue, queue->len++);
}

struct poll *queue_top(const struct queue *queue) {
	return queue->len > 0 ? queue->heap[0] : NULL;
}

struct poll *queue_remove(struct queue *queue, size_t at) {
	struct poll *poll = queue->heap[at];
	queue->len--;
	if (at < queue->len) {
		queue->heap[at] = queue->heap[queue->len];
		sift_down(queue, at);
		sift_up(queue, at);
	}
	return poll;
}

struct poll *queue_pop(struct queue *queue) {
	return queue->len > 0 ? queue_remove(queue, 0) : NULL;
}

void queue_reorder(struct queue *queue) {
	for (size_t at = queue->len / 2; at-- > 0;) {
		sift_down(queue, at);
	}
}
