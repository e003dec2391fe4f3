// Long work asks now and then whether to go on.
#pragma once

#include <functional>
#include <utility>

#include "ranef/base/types.hpp"

namespace ranef {

// Asks after every few million units of work (rows, entries): some hundredths of a second. To end the work the question
// throws; nothing that is half done survives.
class Poll {
public:
    Poll() = default;
    explicit Poll(std::function<void()> ask) : ask_(std::move(ask)) {}

    void tick(Index work) {
        if (!ask_ || (done_ += work) < every) return;
        done_ = 0;
        ask_();
    }

private:
    static constexpr Index every = Index{1} << 21;

    std::function<void()> ask_;
    Index done_ = 0;
};

}  // namespace ranef
