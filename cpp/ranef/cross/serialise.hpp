// Cross-products as named arrays and back: they travel between processes, and outlive them, in place of the rows.
// Whatever is read is checked against the layout before it is used: no array of any content makes the core read or write
// memory that is not its own.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "ranef/cross/cross_products.hpp"

namespace ranef {

constexpr Index cross_format = 2;  // 1 had positions in place of names

using Field = std::variant<std::vector<double>, std::vector<Index>, std::vector<std::int32_t>>;
using Fields = std::map<std::string, Field>;

// A field that is missing, or cannot be what its name says; the message begins with the name.
struct FieldError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

Fields write_design(const DesignCross& design);
Fields write_response(const ResponseCross& response);

// Both throw FieldError.
DesignCross read_design(const Fields& fields);
ResponseCross read_response(const Fields& fields);

}  // namespace ranef
