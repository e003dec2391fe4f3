#include "ranef/families/binomial.hpp"
#include "ranef/families/canonical.hpp"
#include "ranef/families/counts.hpp"
#include "ranef/families/inflated.hpp"
#include "ranef/families/positive.hpp"
#include "ranef/families/shares.hpp"
#include "ranef/families/truncated.hpp"

namespace ranef {
namespace {

using Made = std::unique_ptr<Family>;

// The first of the links that has the name.
template <class Kernel, class First, class... Rest>
Made with_mean(const std::string& link) {
    if (link == First::name) return std::make_unique<MeanFamily<Kernel, First>>();
    if constexpr (sizeof...(Rest) > 0) return with_mean<Kernel, Rest...>(link);
    return nullptr;
}

template <class Kernel>
Made with_probability(const std::string& link) {
    return with_mean<Kernel, links::Probability<links::Logit>, links::Probability<links::Probit>,
                     links::Probability<links::Cloglog>>(link);
}

Made binomial(const std::string& link) {
    if (link == "logit") return std::make_unique<BinomialLogit>();
    if (link == "probit") return std::make_unique<Binomial<links::Probit>>();
    if (link == "cloglog") return std::make_unique<Binomial<links::Cloglog>>();
    if (link == "cauchit") return std::make_unique<Binomial<links::Cauchit>>();
    return nullptr;
}

}  // namespace

std::unique_ptr<Family> make_family(const std::string& family, const std::string& link) {
    using namespace links;
    if (family == "binomial") return binomial(link);
    if (family == "poisson") {
        if (link == "log") return std::make_unique<PoissonLog>();
        return with_mean<PoissonKernel, Sqrt, Identity>(link);
    }
    if (family == "gamma") return with_mean<GammaKernel, Log, Inverse, Identity>(link);
    if (family == "inverse_gaussian") return with_mean<InverseGaussianKernel, Log, Inverse, Identity, InverseSquare>(link);
    if (family == "gaussian") return with_mean<GaussianKernel, Log, Inverse, Identity>(link);
    if (family == "nbinom1") return with_mean<NegativeBinomial1Kernel, Log, Sqrt, Identity>(link);
    if (family == "nbinom2") return with_mean<NegativeBinomial2Kernel, Log, Sqrt, Identity>(link);
    if (family == "truncated_poisson") return with_mean<Truncated<PoissonKernel>, Log>(link);
    if (family == "truncated_nbinom1") return with_mean<Truncated<NegativeBinomial1Kernel>, Log>(link);
    if (family == "truncated_nbinom2") return with_mean<Truncated<NegativeBinomial2Kernel>, Log>(link);
    if (family == "inflated_poisson") return with_mean<Inflated<PoissonKernel>, Log, Sqrt, Identity>(link);
    if (family == "inflated_nbinom1") return with_mean<Inflated<NegativeBinomial1Kernel>, Log, Sqrt, Identity>(link);
    if (family == "inflated_nbinom2") return with_mean<Inflated<NegativeBinomial2Kernel>, Log, Sqrt, Identity>(link);
    if (family == "beta") return with_probability<BetaKernel>(link);
    if (family == "betabinomial") return with_probability<BetaBinomialKernel>(link);
    return nullptr;
}

}  // namespace ranef
