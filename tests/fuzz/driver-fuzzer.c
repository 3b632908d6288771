// SPDX-License-Identifier: ISC

/* For clang's -fsanitize=fuzzer, which brings main(). */

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
	fuzz_one(data, len);
	return 0;
}
