// SPDX-License-Identifier: Apache-2.0
// The numbers of accounts: which are in use, and the stack of those that are free.
#pragma once

#include <cstdint>

#include "bpf/carried_totals.h"

namespace pdtt {

/// Gives the accounts of old tables the same numbers in `account_map`, where sockets may hold them;
/// the old programs make no more accounts from then on. Nothing happens if the map is the same one.
/// An account whose number is beyond `capacity` gets a new one when its next connection begins.
/// Throws std::system_error.
void TakeOverSlots(const OldTables& from, int account_map, std::uint32_t capacity);

/// Fills an empty stack with the numbers below `capacity` that no account has, the lowest on top.
/// Nothing happens if it is not empty. Throws std::system_error.
void FillFreeSlots(int account_map, int free_slots_map, std::uint32_t capacity);

}  // namespace pdtt
