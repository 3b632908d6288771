// SPDX-License-Identifier: ISC

#include "tool/assets.h"

#include "tool/assets.inc"

const struct asset asset_style = {STYLE_TEXT, STYLE_HASH};
const struct asset asset_dygraphs = {DYGRAPHS_TEXT, DYGRAPHS_HASH};
const struct asset asset_script = {SCRIPT_TEXT, SCRIPT_HASH};
