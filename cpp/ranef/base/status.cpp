#include "ranef/base/status.hpp"

namespace ranef {

const char* describe(Status status) {
    switch (status) {
        case Status::ok: return "ok";
        case Status::not_positive_definite: return "a Cholesky factorisation broke down";
        case Status::not_finite: return "the criterion is not finite";
        case Status::exact_fit: return "the model reproduces the response exactly: no residual variance is left";
        case Status::max_evaluations: return "the limit on evaluations was reached";
        case Status::stalled: return "no step decreases the criterion although its gradient is not zero";
        case Status::endless: return "the criterion has no minimum: it falls without end as the residual variance goes to zero";
        case Status::interrupted: return "interrupted";
    }
    return "unknown";
}

}  // namespace ranef
