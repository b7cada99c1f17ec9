// Ethernet frames for tests of replicated guests.
#pragma once
#include <string>

#include "vm/segment.h"

namespace gaia::vm::test {

inline Bytes bytesOf(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

inline std::string textOf(View frame) {
  const View payload = frame.subspan(frameBytesMin);
  return {reinterpret_cast<const char*>(payload.data()), payload.size()};
}

// Of a type that nothing knows, so that all between two stations are one flow.
inline Bytes frameTo(const MacAddress& destination, const std::string& text) {
  Bytes frame(destination.begin(), destination.end());
  frame.resize(frameBytesMin);
  const Bytes payload = bytesOf(text);
  frame.insert(frame.end(), payload.begin(), payload.end());
  return frame;
}
inline Bytes frame(const std::string& text) { return frameTo(stationMac(0), text); }

// A datagram without payload: what flows are told apart by.
inline Bytes udpFrame(std::uint16_t fromPort, const std::string& text) {
  Bytes datagram =
      frameTo(stationMac(0), std::string("\x45", 1) + std::string(8, '\0') + "\x11" + std::string(10, '\0'));
  datagram[12] = std::byte{8};
  datagram.push_back(static_cast<std::byte>(fromPort >> 8));
  datagram.push_back(static_cast<std::byte>(fromPort));
  datagram.resize(datagram.size() + 6);
  const Bytes payload = bytesOf(text);
  datagram.insert(datagram.end(), payload.begin(), payload.end());
  return datagram;
}

// A segment of the guest, with what differs between two guests: the packet's number and the window.
inline Bytes tcpFrame(std::uint32_t sequence, std::uint32_t acknowledged, const std::string& text,
                      std::uint8_t flags = tcpAck, std::uint16_t varying = 0) {
  Bytes frame = frameTo(stationMac(0), "");
  frame[12] = std::byte{8};
  const auto put = [&frame](std::uint64_t value, int bytes) {
    while (bytes-- > 0) frame.push_back(static_cast<std::byte>(value >> (8 * bytes)));
  };
  put(0x4500, 2), put(40 + text.size(), 2), put(varying, 2), put(0, 2);
  put(64, 1), put(protocolTcp, 1), put(varying, 2), put(0x0a00020f, 4), put(0x0a000202, 4);
  put(6379, 2), put(40000, 2), put(sequence, 4), put(acknowledged, 4);
  put(0x50, 1), put(flags, 1), put(varying, 2), put(varying, 2), put(0, 2);
  const Bytes payload = bytesOf(text);
  frame.insert(frame.end(), payload.begin(), payload.end());
  return frame;
}

}  // namespace gaia::vm::test
