#include "ranef/families/binomial.hpp"
#include "ranef/families/canonical.hpp"
#include "ranef/families/counts.hpp"
#include "ranef/families/inflated.hpp"
#include "ranef/families/modelled.hpp"
#include "ranef/families/positive.hpp"
#include "ranef/families/shares.hpp"
#include "ranef/families/truncated.hpp"

namespace ranef {
namespace {

using Made = std::unique_ptr<Family>;

const std::string modelled = "modelled_";

bool is_modelled(const std::string& family) { return family.rfind(modelled, 0) == 0; }

// The first of the links that has the name.
template <class Kernel, class First, class... Rest>
Made with_mean(const std::string& link) {
    if (link == First::name) return std::make_unique<MeanFamily<Kernel, First>>();
    if constexpr (sizeof...(Rest) > 0) return with_mean<Kernel, Rest...>(link);
    return nullptr;
}

// With one dispersion, or with a linear predictor of it.
template <class Kernel, class... Links>
Made dispersed(bool modelled, const std::string& link) {
    return modelled ? with_mean<Modelled<Kernel>, Links...>(link) : with_mean<Kernel, Links...>(link);
}

template <class Kernel>
Made with_probability(bool modelled, const std::string& link) {
    return dispersed<Kernel, links::Probability<links::Logit>, links::Probability<links::Probit>,
                     links::Probability<links::Cloglog>>(modelled, link);
}

Made with_dispersion(const std::string& family, bool modelled, const std::string& link) {
    using namespace links;
    if (family == "gamma") return dispersed<GammaKernel, Log, Inverse, Identity>(modelled, link);
    if (family == "inverse_gaussian") return dispersed<InverseGaussianKernel, Log, Inverse, Identity, InverseSquare>(modelled, link);
    if (family == "gaussian") return dispersed<GaussianKernel, Log, Inverse, Identity>(modelled, link);
    if (family == "nbinom1") return dispersed<NegativeBinomial1Kernel, Log, Sqrt, Identity>(modelled, link);
    if (family == "nbinom2") return dispersed<NegativeBinomial2Kernel, Log, Sqrt, Identity>(modelled, link);
    if (family == "truncated_nbinom1") return dispersed<Truncated<NegativeBinomial1Kernel>, Log>(modelled, link);
    if (family == "truncated_nbinom2") return dispersed<Truncated<NegativeBinomial2Kernel>, Log>(modelled, link);
    if (family == "beta") return with_probability<BetaKernel>(modelled, link);
    if (family == "betabinomial") return with_probability<BetaBinomialKernel>(modelled, link);
    return nullptr;
}

Made binomial(const std::string& link) {
    if (link == "logit") return binomial_logit();
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
        if (link == "log") return poisson_log();
        return with_mean<PoissonKernel, Sqrt, Identity>(link);
    }
    if (family == "truncated_poisson") return with_mean<Truncated<PoissonKernel>, Log>(link);
    if (family == "inflated_poisson") return with_mean<Inflated<PoissonKernel>, Log, Sqrt, Identity>(link);
    if (family == "inflated_nbinom1") return with_mean<Inflated<NegativeBinomial1Kernel>, Log, Sqrt, Identity>(link);
    if (family == "inflated_nbinom2") return with_mean<Inflated<NegativeBinomial2Kernel>, Log, Sqrt, Identity>(link);
    return with_dispersion(kept_name(family), is_modelled(family), link);
}

std::string kept_name(const std::string& family) { return is_modelled(family) ? family.substr(modelled.size()) : family; }

}  // namespace ranef
