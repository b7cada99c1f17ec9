// Unix sockets that the program listens on are local: who connects there is no client of the log but visits one replica. A
// visitor is served by a fork of the program, which is the program after the last entry it has executed: it looks and
// asks, and nothing it does reaches the program, its files or the log. The fork ends with the connection.
#pragma once

#include "descriptors.h"

namespace gaia::interpose {

// A follower looks for visitors as often.
constexpr int visitPauseMs = 100;

bool anyLocalListener();
// Between two turns, on the thread that conducts: forks for visitors that wait. In the fork the mode is visited afterwards.
void receiveVisitors();
// Likewise, if it was not done of late.
void lookForVisitors();

// In the fork: what happens instead of the log's turns.
void visitTurn();

// In the fork: from here on this process changes no file.
bool becomeHarmless();

}  // namespace gaia::interpose
