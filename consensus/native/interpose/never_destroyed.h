#pragma once

namespace gaia::interpose {

// A global that is initialised before any constructor runs and never destroyed: hooks are called before this
// library's constructors and after exit() has begun.
template <typename Value>
union NeverDestroyed {
  constexpr NeverDestroyed() : value{} {}
  constexpr ~NeverDestroyed() {}
  Value value;
};

}  // namespace gaia::interpose
