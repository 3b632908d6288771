// SPDX-License-Identifier: ISC

/*
 * The one user of libcurl.
 *
 * Transfers are kept and used again: an easy handle that was set up for an
 * endpoint needs only a new body for the next request there.
 *
 * An endpoint's connections, and the addresses that they lead to, are a pool.  A
 * connection that has gone silent looks like a good one, and libcurl would take it
 * again for the next request.  So a pool that is not to be trusted, or is old, is
 * retired as a whole: what is posted from then on begins another one, and the last
 * transfer on its way in the old one closes its connections.
 */

#include "request/http.h"

#include "base/buf.h"
#include "base/clock.h"
#include "config/secret.h"
#include "config/url.h"
#include "request/unpack.h"

#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	/* A transfer that is set aside keeps no more than this, of either body. */
	KEEP_BODY = 64 << 10,
	/* Slower than this for three quarters of the time-out, or so long, is as good as dead. */
	LOW_SPEED_BYTES = 10,
	LOW_SPEED_SECONDS = 30,
	/* As deep as libcurl's calls leave a request on the stack. */
	STACK_WIPED = 24 << 10,
};

/* A server that has moved may go on answering at its old address: the new one is found after this. */
#define POOL_LONGEST (5 * USEC_PER_MIN)

struct http {
	CURLM *multi;
	struct transfer *idle;
	struct transfer *running;
	struct transfer *finished;   /* newest first */
	size_t running_count; /* added to multi and not handed out */
	struct transfer *handed_out; /* whose reply the caller is reading */
};

struct pool {
	CURLSH *share;
	usec_t made;   /* monotonic */
	int transfers; /* that were set up with it and still exist */
	bool retired;  /* the last transfer closes it */
};

struct http_endpoint {
	struct pool *pool; /* NULL: the next transfer begins one */
	const void *owner; /* of the replies; NULL: nobody */
	char *url;
	struct secret header_area; /* what headers points into */
	struct curl_slist *headers;
	char *proxy;
	struct secret key_area; /* what client_key points to */
	struct curl_blob client_cert, client_key, ca; /* data NULL: none */
	char *crl_file;
	usec_t connect_timeout;
	int transfers;  /* that were set up for it and still exist */
	bool abandoned; /* by its owner: the last transfer frees it */
};

/** How a body's bytes are to be taken. */
enum coding {
	CODING_UNKNOWN, /* no byte has come yet */
	CODING_PLAIN,
	CODING_GZIP,
};

struct transfer {
	CURL *easy;
	struct transfer *next, **link; /* in http->idle, running or finished */
	struct http_endpoint *endpoint;
	struct pool *pool;
	void *user;
	struct buf request, body;
	bool has_path;         /* its URL is not the endpoint's alone */
	CURLcode code;         /* how it finished */
	enum coding coding;
	struct unpack *unpack; /* NULL until it is needed */
	int fault;             /* of the body, as -errno */
	char error[CURL_ERROR_SIZE];
	char fault_text[128];
};

static void list_push(struct transfer **list, struct transfer *transfer) {
	transfer->next = *list;
	transfer->link = list;
	if (transfer->next) {
		transfer->next->link = &transfer->next;
	}
	*list = transfer;
}

static void list_remove(struct transfer *transfer) {
	*transfer->link = transfer->next;
	if (transfer->next) {
		transfer->next->link = transfer->link;
	}
}

/* The library: once, before any thread. */

/* Requests are written in libcurl's own memory, key and all.  So memory that it frees is wiped. */

static void wiping_free(void *old) {
	if (old) {
		explicit_bzero(old, malloc_usable_size(old));
		free(old);
	}
}

static void *wiping_realloc(void *old, size_t size) {
	size_t old_size = old ? malloc_usable_size(old) : 0;
	void *grown = malloc(size > 0 ? size : 1);
	if (grown && old) {
		memcpy(grown, old, old_size < size ? old_size : size);
		wiping_free(old);
	}
	return grown;
}

int http_new(struct http **ret_http, struct error *err) {
	/* libcurl would write the keys of TLS sessions to the file that this names. */
	(void)unsetenv("SSLKEYLOGFILE");
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wiping_free, wiping_realloc, strdup, calloc) != CURLE_OK) {
		return error_set(err, ENOMEM, "libcurl could not be initialised");
	}
	struct http *http = calloc(1, sizeof(*http));
	if (http) {
		http->multi = curl_multi_init();
	}
	if (!http || !http->multi) {
		free(http);
		curl_global_cleanup();
		return error_set(err, ENOMEM, "out of memory");
	}
	(void)curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	*ret_http = http;
	return 0;
}

/* Pools */

static void pool_free(struct pool *pool) {
	(void)curl_share_cleanup(pool->share);
	free(pool);
}

static struct pool *pool_new(void) {
	struct pool *pool = calloc(1, sizeof(*pool));
	if (!pool) {
		return NULL;
	}
	pool->share = curl_share_init();
	if (!pool->share || curl_share_setopt(pool->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT) != CURLSHE_OK ||
	    curl_share_setopt(pool->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) != CURLSHE_OK) {
		pool_free(pool);
		return NULL;
	}
	pool->made = clock_boottime();
	return pool;
}

/* There are no idle transfers of it. */
static void pool_retire(struct pool *pool) {
	if (pool->transfers == 0) {
		pool_free(pool);
	} else {
		pool->retired = true;
	}
}

static void pool_leave(struct pool *pool) {
	if (--pool->transfers == 0 && pool->retired) {
		pool_free(pool);
	}
}

/* Endpoints' ends */

static void endpoint_destroy(struct http_endpoint *endpoint) {
	if (endpoint->pool) {
		pool_free(endpoint->pool);
	}
	secret_done(&endpoint->header_area);
	free(endpoint->url);
	free(endpoint->client_cert.data);
	secret_done(&endpoint->key_area);
	free(endpoint->ca.data);
	free(endpoint->crl_file);
	free(endpoint->proxy);
	free(endpoint);
}

static void transfer_free(struct transfer *transfer) {
	struct http_endpoint *endpoint = transfer->endpoint;
	curl_easy_cleanup(transfer->easy);
	pool_leave(transfer->pool);
	buf_done(&transfer->request);
	buf_done(&transfer->body);
	unpack_free(transfer->unpack);
	free(transfer);

	if (--endpoint->transfers == 0 && endpoint->abandoned) {
		endpoint_destroy(endpoint);
	}
}

/* Takes a transfer off its work, for the next one. */
static void transfer_rest(struct http *http, struct transfer *transfer) {
	(void)curl_multi_remove_handle(http->multi, transfer->easy);
	list_remove(transfer);
	if (transfer->endpoint->abandoned || transfer->pool->retired) {
		transfer_free(transfer);
		return;
	}
	if (transfer->body.size > KEEP_BODY) {
		buf_done(&transfer->body);
	}
	if (transfer->request.size > KEEP_BODY) {
		buf_done(&transfer->request);
	}
	list_push(&http->idle, transfer);
}

static void hand_back(struct http *http) {
	if (http->handed_out) {
		transfer_rest(http, http->handed_out);
		http->handed_out = NULL;
	}
}

/* Frees the idle transfers of an endpoint. */
static void drop_idle(struct http *http, const struct http_endpoint *endpoint) {
	struct transfer *next;
	for (struct transfer *idle = http->idle; idle; idle = next) {
		next = idle->next;
		if (idle->endpoint == endpoint) {
			list_remove(idle);
			transfer_free(idle);
		}
	}
}

/* What is posted from now on goes another way. */
static void endpoint_renew(struct http *http, struct http_endpoint *endpoint) {
	drop_idle(http, endpoint);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the endpoint has not been freed yet, nor has its pool */
	pool_retire(endpoint->pool);
	endpoint->pool = NULL;
}

static void cancel(struct http *http, struct transfer *list, const void *owner) {
	struct transfer *next;
	for (struct transfer *transfer = list; transfer; transfer = next) {
		next = transfer->next;
		if (transfer->endpoint->owner == owner) {
			http->running_count--;
			/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it takes the transfer out of the list first */
			transfer_rest(http, transfer);
		}
	}
}

void http_cancel_for(struct http *http, const void *owner) {
	if (http->handed_out && http->handed_out->endpoint->owner == owner) {
		hand_back(http);
	}
	cancel(http, http->running, owner);
	cancel(http, http->finished, owner);
}

void http_cancel_all(struct http *http) {
	http_cancel_for(http, NULL);
}

void http_free(struct http *http) {
	if (http) {
		http->handed_out = NULL;
		while (http->running || http->finished) {
			/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it takes the transfer out of the list first */
			transfer_rest(http, http->running ? http->running : http->finished);
		}
		while (http->idle) {
			/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it takes them out of the list first */
			endpoint_renew(http, http->idle->endpoint);
		}
		(void)curl_multi_cleanup(http->multi);
		free(http);
		curl_global_cleanup();
	}
}

/* Endpoints */

void http_renew(struct http *http) {
	const struct transfer *transfer = http->handed_out;
	if (transfer && !transfer->endpoint->abandoned && !transfer->pool->retired) {
		endpoint_renew(http, transfer->endpoint);
	}
}

void http_endpoint_free(struct http *http, struct http_endpoint *endpoint) {
	if (!endpoint) {
		return;
	}
	if (http) {
		drop_idle(http, endpoint);
	}
	if (endpoint->transfers == 0) {
		endpoint_destroy(endpoint);
	} else {
		endpoint->abandoned = true;
	}
}

/* Copies text if there is any; false when memory is short. */
static bool copy(char **to, const char *text) {
	*to = text ? strdup(text) : NULL;
	return *to || !text;
}

static bool copy_blob(struct curl_blob *to, const struct http_pem *pem) {
	if (!pem->data) {
		return true;
	}
	to->data = malloc(pem->len);
	if (!to->data) {
		return false;
	}
	memcpy(to->data, pem->data, pem->len);
	to->len = pem->len;
	to->flags = CURL_BLOB_NOCOPY;
	return true;
}

static bool copy_key(struct http_endpoint *endpoint, const struct http_pem *pem) {
	if (!pem->data) {
		return true;
	}
	if (secret_new(&endpoint->key_area, pem->len + 1) < 0) {
		return false;
	}
	memcpy(endpoint->key_area.text, pem->data, pem->len);
	endpoint->client_key = (struct curl_blob){.data = endpoint->key_area.text, .len = pem->len, .flags = CURL_BLOB_NOCOPY};
	return true;
}

/* Our own headers, then the caller's; NULL behind the last. */
static const char *nth_header(const char *const *headers, size_t n) {
	return n == 0 ? "Accept-Encoding: gzip" : headers[n - 1];
}

/* One of them holds the key, so the list is not one of curl_slist_append(): that would be on the heap. */
static bool make_headers(struct http_endpoint *endpoint, const char *const *headers) {
	size_t count = 0, size = 0;
	for (const char *header; (header = nth_header(headers, count)); count++) {
		size += sizeof(struct curl_slist) + strlen(header) + 1;
	}
	if (secret_new(&endpoint->header_area, size) < 0) {
		return false;
	}
	struct curl_slist *list = (struct curl_slist *)(void *)endpoint->header_area.text;
	char *text = (char *)(list + count);
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(nth_header(headers, i)) + 1;
		memcpy(text, nth_header(headers, i), len);
		list[i] = (struct curl_slist){.data = text, .next = i + 1 < count ? &list[i + 1] : NULL};
		text += len;
	}
	endpoint->headers = list;
	return true;
}

int http_endpoint_new(const struct http_endpoint_options *options, struct http_endpoint **ret_endpoint,
                      struct error *err) {
	struct http_endpoint *endpoint = calloc(1, sizeof(*endpoint));
	if (!endpoint) {
		return error_set(err, ENOMEM, "out of memory");
	}
	if (!copy(&endpoint->url, options->url) || !copy(&endpoint->proxy, options->proxy) ||
	    !copy_blob(&endpoint->client_cert, &options->client_cert) ||
	    !copy_key(endpoint, &options->client_key) ||
	    !copy_blob(&endpoint->ca, &options->ca) || !copy(&endpoint->crl_file, options->crl_file) ||
	    !make_headers(endpoint, options->headers)) {
		endpoint_destroy(endpoint);
		return error_set(err, ENOMEM, "out of memory");
	}
	endpoint->connect_timeout = options->connect_timeout;
	endpoint->owner = options->owner;
	*ret_endpoint = endpoint;
	return 0;
}

/* What libcurl calls while it moves data */

/* Each header of that name: what an intermediary adds stands behind what the server said. */
static int find_coding(CURL *easy, enum coding *ret_coding, char *fault_text, size_t fault_size) {
	struct curl_header *header;
	enum coding coding = CODING_PLAIN;
	size_t amount = 1;
	for (size_t i = 0; i < amount; i++) {
		if (curl_easy_header(easy, "Content-Encoding", i, CURLH_HEADER, -1, &header) != CURLHE_OK) {
			break;
		}
		amount = header->amount;
		/* Some versions of libcurl leave the end of an empty line. */
		bool empty = header->value[strspn(header->value, " \t\r\n")] == '\0';
		if (empty || strcasecmp(header->value, "identity") == 0) {
			continue;
		}
		bool gzip = strcasecmp(header->value, "gzip") == 0 || strcasecmp(header->value, "x-gzip") == 0;
		if (!gzip || coding == CODING_GZIP) {
			(void)snprintf(fault_text, fault_size, "the answer has an encoding that was not asked for: %.40s",
			               gzip ? "gzip, twice" : header->value);
			return -EBADMSG;
		}
		coding = CODING_GZIP;
	}
	*ret_coding = coding;
	return 0;
}

/* libcurl itself would stop at the end of a first member of gzip, and blame the disk. */
static int take_piece(struct transfer *transfer, const char *data, size_t len) {
	if (transfer->coding == CODING_PLAIN) {
		buf_append(&transfer->body, data, len);
		return buf_error(&transfer->body);
	}
	if (!transfer->unpack && !(transfer->unpack = unpack_new())) {
		return -ENOMEM;
	}
	int r = unpack_feed(transfer->unpack, data, len, &transfer->body);
	if (r == -EBADMSG) {
		(void)snprintf(transfer->fault_text, sizeof(transfer->fault_text), "the answer is damaged gzip data");
	}
	return r;
}

static size_t on_body(char *data, size_t size, size_t count, void *user) {
	struct transfer *transfer = user;
	size_t len = size * count;
	if (transfer->coding == CODING_UNKNOWN) {
		transfer->fault = find_coding(transfer->easy, &transfer->coding, transfer->fault_text,
		                              sizeof(transfer->fault_text));
	}
	if (transfer->fault == 0) {
		transfer->fault = take_piece(transfer, data, len);
	}
	return transfer->fault == 0 ? len : 0;
}

/* Transfers */

#define SET(easy, option, value) \
	do { \
		CURLcode code_ = curl_easy_setopt((easy), (option), (value)); \
		if (code_ != CURLE_OK) { \
			return code_; \
		} \
	} while (0)

/* What is the same for all requests to an endpoint. */
static CURLcode set_up(struct transfer *transfer, struct http_endpoint *endpoint) {
	CURL *easy = transfer->easy;
	SET(easy, CURLOPT_SHARE, transfer->pool->share);
	SET(easy, CURLOPT_ERRORBUFFER, transfer->error);
	SET(easy, CURLOPT_NOSIGNAL, 1L);
	SET(easy, CURLOPT_URL, endpoint->url);
	/* Not "http" for a URL without a scheme either, for which libcurl would guess it. */
	bool local = url_is_clear(endpoint->url) && !url_is_exposed(endpoint->url);
	SET(easy, CURLOPT_PROTOCOLS_STR, local ? "http" : "https");
	SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
	SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	/*
	 * Over TLS the handshake tells whether requests can share a connection, which is
	 * worth waiting for.  In plain HTTP only the first reply would.
	 */
	SET(easy, CURLOPT_PIPEWAIT, url_is_clear(endpoint->url) ? 0L : 1L);
	SET(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L); /* see on_body() */
	SET(easy, CURLOPT_USERAGENT, "occupancyd/" OCCUPANCYD_VERSION);
	SET(easy, CURLOPT_HTTPHEADER, endpoint->headers);
	SET(easy, CURLOPT_POST, 1L);

	SET(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (endpoint->ca.data) {
		SET(easy, CURLOPT_CAINFO_BLOB, &endpoint->ca);
		SET(easy, CURLOPT_CAPATH, NULL); /* these CAs, and not the system's as well */
	}
	if (endpoint->crl_file) {
		SET(easy, CURLOPT_CRLFILE, endpoint->crl_file);
	}
	if (endpoint->client_cert.data) {
		SET(easy, CURLOPT_SSLCERT_BLOB, &endpoint->client_cert);
		SET(easy, CURLOPT_SSLKEY_BLOB, &endpoint->client_key);
	}

	/* Empty strings keep libcurl from asking the environment. */
	SET(easy, CURLOPT_PROXY, endpoint->proxy ? endpoint->proxy : "");
	SET(easy, CURLOPT_NOPROXY, "");

	SET(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(endpoint->connect_timeout / USEC_PER_MSEC));
	SET(easy, CURLOPT_LOW_SPEED_LIMIT, (long)LOW_SPEED_BYTES);
	SET(easy, CURLOPT_WRITEFUNCTION, on_body);
	SET(easy, CURLOPT_WRITEDATA, transfer);
	return CURLE_OK;
}

/* libcurl copies the URL.  Behind a slash nothing changes where it leads. */
static CURLcode set_path(struct transfer *transfer, const char *path) {
	struct buf url;
	buf_init(&url, BUF_ANY);
	buf_puts(&url, transfer->endpoint->url);
	buf_puts(&url, path);
	CURLcode code = CURLE_OUT_OF_MEMORY;
	if (buf_error(&url) == 0) {
		code = curl_easy_setopt(transfer->easy, CURLOPT_URL, buf_text(&url));
	}
	buf_done(&url);
	transfer->has_path = *path;
	return code;
}

/* What each request has of its own. */
static CURLcode set_request(struct transfer *transfer, usec_t timeout) {
	long patience = (long)(timeout / USEC_PER_SEC) * 3 / 4;
	SET(transfer->easy, CURLOPT_LOW_SPEED_TIME,
	    patience > LOW_SPEED_SECONDS ? patience : LOW_SPEED_SECONDS);
	SET(transfer->easy, CURLOPT_POSTFIELDS, buf_text(&transfer->request));
	SET(transfer->easy, CURLOPT_POSTFIELDSIZE, (long)transfer->request.len);
	SET(transfer->easy, CURLOPT_TIMEOUT_MS, (long)(timeout / USEC_PER_MSEC));
	return CURLE_OK;
}

static struct transfer *transfer_new(struct http_endpoint *endpoint) {
	struct transfer *transfer = calloc(1, sizeof(*transfer));
	if (!transfer) {
		return NULL;
	}
	buf_init(&transfer->request, HTTP_REQUEST_MAX);
	buf_init(&transfer->body, HTTP_BODY_MAX);
	transfer->endpoint = endpoint;
	transfer->pool = endpoint->pool;
	endpoint->transfers++;
	endpoint->pool->transfers++;
	transfer->easy = curl_easy_init();
	if (!transfer->easy || set_up(transfer, endpoint) != CURLE_OK) {
		transfer_free(transfer);
		return NULL;
	}
	return transfer;
}

/* An idle transfer of that endpoint, or a new one. */
static struct transfer *transfer_get(struct http *http, struct http_endpoint *endpoint) {
	if (endpoint->pool && clock_boottime() - endpoint->pool->made >= POOL_LONGEST) {
		endpoint_renew(http, endpoint);
	}
	if (!endpoint->pool && !(endpoint->pool = pool_new())) {
		return NULL;
	}
	for (struct transfer *idle = http->idle; idle; idle = idle->next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): those that were freed are off the list */
		if (idle->endpoint == endpoint) {
			list_remove(idle);
			return idle;
		}
	}
	return transfer_new(endpoint);
}

int http_post(struct http *http, struct http_endpoint *endpoint, const char *body,
              usec_t timeout, void *user, struct error *err) {
	return http_post_to(http, endpoint, "", body, timeout, user, err);
}

int http_post_to(struct http *http, struct http_endpoint *endpoint, const char *path, const char *body,
                 usec_t timeout, void *user, struct error *err) {
	struct transfer *transfer = transfer_get(http, endpoint);
	if (!transfer) {
		return error_set(err, ENOMEM, "out of memory");
	}

	transfer->user = user;
	transfer->coding = CODING_UNKNOWN;
	transfer->fault = 0;
	transfer->error[0] = transfer->fault_text[0] = '\0';
	if (transfer->unpack) {
		unpack_clear(transfer->unpack);
	}
	buf_clear(&transfer->body);
	buf_clear(&transfer->request);
	buf_puts(&transfer->request, body);

	if (buf_error(&transfer->request) == -EFBIG) {
		transfer_free(transfer);
		return error_set(err, EFBIG, "the request is too large");
	}
	if (buf_error(&transfer->request) || set_request(transfer, timeout) != CURLE_OK ||
	    ((*path || transfer->has_path) && set_path(transfer, path) != CURLE_OK) ||
	    curl_multi_add_handle(http->multi, transfer->easy) != CURLM_OK) {
		transfer_free(transfer);
		return error_set(err, ENOMEM, "out of memory");
	}
	list_push(&http->running, transfer);
	http->running_count++;
	return 0;
}

__attribute__((noinline))
static void wipe_stack(void) {
	char unused[STACK_WIPED];
	explicit_bzero(unused, sizeof(unused));
}

int http_wait(struct http *http, int fd, usec_t timeout, struct error *err) {
	hand_back(http);

	/* Rounded up, or a wait of 0.4 ms would become a busy loop. */
	usec_t ms = timeout < 0 ? 0 : (timeout + USEC_PER_MSEC - 1) / USEC_PER_MSEC;
	struct curl_waitfd extra = {.fd = fd, .events = CURL_WAIT_POLLIN};
	int moving;

	/* Starts what is new; may finish something too, and then there is no waiting for more. */
	CURLMcode code = curl_multi_perform(http->multi, &moving);
	if (code == CURLM_OK && (size_t)moving == http->running_count) {
		code = curl_multi_poll(http->multi, &extra, fd >= 0 ? 1 : 0,
		                       ms > INT_MAX ? INT_MAX : (int)ms, NULL);
		if (code == CURLM_OK) {
			code = curl_multi_perform(http->multi, &moving);
		}
	}
	if (http->running_count > 0) {
		wipe_stack();
	}
	if (code != CURLM_OK) {
		return error_set(err, code == CURLM_OUT_OF_MEMORY ? ENOMEM : EIO, "libcurl: %s",
		                 curl_multi_strerror(code));
	}
	return 0;
}

/* Whether the time ran out before the server could be asked at all. */
static bool never_connected(CURL *easy) {
	curl_off_t pretransfer = 0;
	(void)curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &pretransfer);
	return pretransfer == 0;
}

/* What came to its end has an end. */
static void check_end(struct transfer *transfer) {
	if (transfer->coding == CODING_GZIP && !unpack_is_whole(transfer->unpack)) {
		transfer->fault = -EBADMSG;
		(void)snprintf(transfer->fault_text, sizeof(transfer->fault_text), "the answer is cut off gzip data");
	}
}

static enum http_result classify(const struct transfer *transfer, CURLcode code, long status) {
	switch (transfer->fault) {
	case 0:
		break;
	case -EFBIG:
		return HTTP_TOO_LARGE;
	case -ENOMEM:
		return HTTP_NO_MEMORY;
	default:
		return HTTP_CUT_OFF;
	}
	if (code == CURLE_OK) {
		return HTTP_REPLIED;
	}
	if (code == CURLE_OPERATION_TIMEDOUT) {
		return never_connected(transfer->easy) ? HTTP_UNREACHABLE : HTTP_SLOW;
	}
	return status != 0 ? HTTP_CUT_OFF : HTTP_UNREACHABLE;
}

/* A few are on their way at a time, and every message is of one of them. */
static struct transfer *find_running(const struct http *http, const CURL *easy) {
	struct transfer *transfer = http->running;
	while (transfer->easy != easy) {
		transfer = transfer->next;
	}
	return transfer;
}

/*
 * The value of a header in the last block of the server's own answer: not in a proxy's
 * reply to CONNECT, in an early answer (1xx) or in a trailer.  NULL if it is not there, or
 * there more than once with different values: then nobody can tell which one is right.
 */
static const char *header_of(CURL *easy, const char *name) {
	struct curl_header *first, *other;
	if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &first) != CURLHE_OK) {
		return NULL;
	}
	const char *value = first->value;
	size_t amount = first->amount;
	for (size_t i = 1; i < amount; i++) {
		if (curl_easy_header(easy, name, i, CURLH_HEADER, -1, &other) != CURLHE_OK ||
		    strcmp(other->value, value) != 0) {
			return NULL;
		}
	}
	return value;
}

static const char *explain(const struct transfer *transfer, CURLcode code) {
	/* Of what on_body() refuses libcurl says that it could not be written to a disk. */
	switch (transfer->fault) {
	case 0:
		break;
	case -EFBIG:
		return "the answer is too large";
	case -ENOMEM:
		return "out of memory";
	default:
		return transfer->fault_text;
	}
	if (code == CURLE_OUT_OF_MEMORY) {
		/* libcurl has one code for both. */
		return "out of memory, or a header line is longer than libcurl takes";
	}
	return transfer->error[0] ? transfer->error : curl_easy_strerror(code);
}

/* What libcurl is through with. */
static void gather(struct http *http) {
	const CURLMsg *message;
	int left;
	while ((message = curl_multi_info_read(http->multi, &left))) {
		struct transfer *transfer = find_running(http, message->easy_handle);
		transfer->code = message->data.result;
		list_remove(transfer);
		list_push(&http->finished, transfer);
	}
}

/* The oldest one of that owner. */
static struct transfer *find_finished(const struct http *http, const void *owner) {
	struct transfer *found = NULL;
	for (struct transfer *transfer = http->finished; transfer; transfer = transfer->next) {
		if (transfer->endpoint->owner == owner) {
			found = transfer;
		}
	}
	return found;
}

/*
 * Whether nothing of the request has left: libcurl never came as far as to send it.  Of a request that it sent over
 * a connection which then turned out to be dead, and again over another one, both numbers know.
 */
static bool is_unsent(CURL *easy) {
	long sent = 0;
	(void)curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
	return never_connected(easy) && sent == 0;
}

static void describe(struct transfer *transfer, struct http_reply *ret_reply) {
	static char nothing[] = "";
	long status = 0;
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	if (transfer->code == CURLE_OK && transfer->fault == 0) {
		check_end(transfer);
	}
	*ret_reply = (struct http_reply){
		.user = transfer->user,
		.result = classify(transfer, transfer->code, status),
		.unsent = transfer->code != CURLE_OK && is_unsent(transfer->easy),
		.status = status,
		.body = transfer->body.data ? transfer->body.data : nothing,
		.body_len = transfer->body.len,
		.retry_after = header_of(transfer->easy, "Retry-After"),
		.date = header_of(transfer->easy, "Date"),
		.age = header_of(transfer->easy, "Age"),
		.error = explain(transfer, transfer->code),
	};
}

bool http_next_for(struct http *http, const void *owner, struct http_reply *ret_reply) {
	hand_back(http);
	gather(http);
	struct transfer *transfer = find_finished(http, owner);
	if (!transfer) {
		return false;
	}
	http->handed_out = transfer;
	http->running_count--;
	describe(transfer, ret_reply);
	return true;
}

bool http_next(struct http *http, struct http_reply *ret_reply) {
	return http_next_for(http, NULL, ret_reply);
}
