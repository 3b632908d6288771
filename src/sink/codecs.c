// SPDX-License-Identifier: ISC

/*
 * The table of formats.  A new one is a line here, a value of enum log_format, and its
 * name among the choices of log.format; all else of src/ goes over this table.
 */

#include "sink/csv.h"
#include "sink/format.h"
#include "sink/ndjson.h"

const struct log_codec log_codecs[LOG_FORMAT_COUNT + 1] = {
	[LOG_FORMAT_NDJSON] = {"ndjson", "", "", ndjson_format, ndjson_carry, ndjson_number, ndjson_parse, ndjson_describe},
	[LOG_FORMAT_CSV] = {"csv", CSV_HEADER, CSV_NUMBERED_HEADER, csv_format, csv_carry, csv_number, csv_parse, csv_describe},
};

const struct log_codec *const log_journal_codec = &log_codecs[LOG_FORMAT_NDJSON];
