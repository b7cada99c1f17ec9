// A queue in one growing circular array: no allocation per element, constant-time access by position.
#pragma once
#include <cstddef>
#include <utility>
#include <vector>

namespace gaia {

template <class T>
class Fifo {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return items_[(first_ + i) & (items_.size() - 1)]; }
  const T& operator[](std::size_t i) const { return items_[(first_ + i) & (items_.size() - 1)]; }
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }
  T& back() { return (*this)[size_ - 1]; }

  T& push(T item) {
    if (size_ == items_.size()) grow();
    T& place = (*this)[size_++];
    place = std::move(item);
    return place;
  }
  // Appends whatever object lies in the next place, to be refilled: keeps its memory.
  T& pushSlot() {
    if (size_ == items_.size()) grow();
    return (*this)[size_++];
  }
  void pop() {
    first_ = (first_ + 1) & (items_.size() - 1);
    size_--;
  }
  void clear() { first_ = size_ = 0; }

 private:
  void grow() {
    std::vector<T> larger(items_.empty() ? 16 : items_.size() * 2);
    for (std::size_t i = 0; i < size_; i++) larger[i] = std::move((*this)[i]);
    items_ = std::move(larger);
    first_ = 0;
  }
  std::vector<T> items_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace gaia
