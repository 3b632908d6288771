// SPDX-License-Identifier: ISC

/*
 * What the program says that a device costs: cost_of() of the configuration as it is on
 * the real disk.  In a file of its own, for its headers cannot be had beside the
 * stand-in server's.
 */

#ifndef SIM_PRICE_H
#define SIM_PRICE_H

/** Requests per second; the device must be configured. */
double price_of(const char *uuid, const char *interval);

#endif
