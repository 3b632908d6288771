// SPDX-License-Identifier: ISC

/*
 * Whether the logs of all nodes agree with the chains: each node's log of an account is a contiguous run of the
 * chain's lines, byte for byte, each once, in order, with the number of its entry; and in the end nothing is missing.
 */

#ifndef SIM_AGREE_H
#define SIM_AGREE_H

/** Call it when all nodes have stopped. */
void agree(void);

/** Each account has one owner that is up; call it in the calm, before the nodes are stopped. */
void agree_owned(void);

#endif
