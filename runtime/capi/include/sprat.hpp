/* Sprat for C++17: a thin layer over sprat.h, all of it in this header. Typed blocks, lambdas as codelets, exceptions.
 *
 *     sprat::runtime rt;
 *     auto a = rt.make_block<double>(1000), b = rt.make_block<double>(1000);
 *     rt.finish([&](sprat::scope &s) {
 *       s.codelet("fill").spawn([](sprat::scope &, sprat::view<double> x) { for (double &v : x) v = 2; }, a.write());
 *       s.codelet("square").near(b).spawn(
 *           [](sprat::scope &, sprat::view<const double> x, sprat::view<double> y) {
 *             for (std::size_t i = 0; i < y.size(); i++) y[i] = x[i] * x[i];
 *           },
 *           a.read(), b.write());
 *     });
 *     double four = rt.first(b);
 *
 * - A lambda of a codelet is copied as bytes, so what it captures must be trivially copyable (numbers, blocks, addresses), by value:
 *   it runs later. Its call may not change what it captured, since it may run more than once. Lambdas of scopes (finish, record) run
 *   at once, and may capture what they like.
 * - Failures are exceptions of type sprat::error. An exception that leaves a codelet makes it fail, with its what().
 * - Ids (block, event, group) are copied freely; runtime, graph, made_event and canceller own what they stand for.
 */
#ifndef SPRAT_HPP
#define SPRAT_HPP

#include "sprat.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace sprat {

/* What a call, a scope or a replay ended with. */
class error : public std::runtime_error {
public:
  explicit error(sprat_status status) : std::runtime_error(sprat_error_message()), status_(status) {
    sprat_error details = SPRAT_ERROR_INIT;
    if (sprat_error_details(&details) == SPRAT_OK) {
      cause_ = details.cause, codelet_ = details.codelet, failed_ = details.failed, skipped_ = details.skipped;
      rounds_ = details.rounds;
    }
  }
  /* What this header refuses itself. */
  error(sprat_status status, const std::string &what) : std::runtime_error(what), status_(status) {}
  sprat_status status() const noexcept { return status_; }
  /* Of SPRAT_FAILED: why the first codelet failed, its name, how many failed, and how many were skipped. */
  sprat_status cause() const noexcept { return cause_; }
  const std::string &codelet() const noexcept { return codelet_; }
  std::uint64_t failed() const noexcept { return failed_; }
  std::uint64_t skipped() const noexcept { return skipped_; }
  /* Of a cancelled replay: how many rounds ran. */
  std::uint64_t rounds() const noexcept { return rounds_; }

private:
  sprat_status status_, cause_ = SPRAT_OK;
  std::string codelet_;
  std::uint64_t failed_ = 0, skipped_ = 0, rounds_ = 0;
};

/* Throws what a function of sprat.h said. */
inline void check(sprat_status status) {
  if (status != SPRAT_OK) throw error(status);
}

/* What a body sees of a block: its elements, as long as the body runs. */
template <class T> class view {
public:
  view(T *data, std::size_t size) noexcept : data_(data), size_(size) {}
  T *data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  T *begin() const noexcept { return data_; }
  T *end() const noexcept { return data_ + size_; }
  T &operator[](std::size_t i) const noexcept { return data_[i]; }

private:
  T *data_;
  std::size_t size_;
};

/* What a body sees of a tile: element (i, j), and the rows. */
template <class T> class tile_view {
public:
  tile_view(T *data, std::size_t rows, std::size_t columns, std::size_t leading) noexcept
      : data_(data), rows_(rows), columns_(columns), leading_(leading) {}
  T *data() const noexcept { return data_; }
  std::size_t rows() const noexcept { return rows_; }
  std::size_t columns() const noexcept { return columns_; }
  std::size_t leading_dimension() const noexcept { return leading_; }
  view<T> row(std::size_t i) const noexcept { return {data_ + i * leading_, columns_}; }
  T &operator()(std::size_t i, std::size_t j) const noexcept { return data_[i * leading_ + j]; }

private:
  T *data_;
  std::size_t rows_, columns_, leading_;
};

/* What a body sees of a list of accesses: a view of each. */
template <class A> class view_list {
public:
  view_list(const sprat_view *views, std::size_t size) noexcept : views_(views), size_(size) {}
  std::size_t size() const noexcept { return size_; }
  typename A::view_type operator[](std::size_t i) const noexcept {
    const sprat_view *at = views_ + i;
    return A::take(at, {});
  }

private:
  const sprat_view *views_;
  std::size_t size_;
};

namespace detail {

struct nothing {};

/* What goes with the codelet for each access, as one trivially copyable thing. */
template <class... K> struct pack {};
template <class K, class... Rest> struct pack<K, Rest...> {
  K head;
  pack<Rest...> tail;
};
inline pack<> make_pack() { return {}; }
template <class K, class... Rest> pack<K, Rest...> make_pack(const K &head, const Rest &...rest) {
  return {head, make_pack(rest...)};
}

/* The same as what a class is derived from, so that it takes no room where there is nothing to keep: most codelets copy nothing but what
 * their lambda captured. */
template <bool is_empty, class... K> struct keeper {
  pack<K...> all;
  const pack<K...> &kept() const noexcept { return all; }
};
template <class... K> struct keeper<true, K...> {
  pack<K...> kept() const noexcept { return {}; }
};
template <class... A> using keeps = keeper<(std::is_empty<typename A::kept>::value && ...), typename A::kept...>;
template <class... A> keeps<A...> keep_of([[maybe_unused]] const A &...accesses) {
  if constexpr ((std::is_empty<typename A::kept>::value && ...))
    return {};
  else
    return {make_pack(accesses.keep()...)};
}

/* Field by field: who copies all of it at once waits for stores that were narrower. */
inline void put(sprat_access *&to, const sprat_access &use) noexcept {
  to->block = use.block, to->mode = use.mode, to->element_size = use.element_size;
  to->row_begin = use.row_begin, to->row_end = use.row_end;
  to->column_begin = use.column_begin, to->column_end = use.column_end;
  to->leading_dimension = use.leading_dimension;
  to->reduce_operator = use.reduce_operator, to->reduce_type = use.reduce_type;
  to++;
}

} // namespace detail

/* An access to a whole block, or to a range of it, whose view has elements of type T. */
template <class T> struct access {
  using view_type = view<T>;
  using kept = detail::nothing;
  sprat_access use;
  void list(sprat_access *&to) const { detail::put(to, use); }
  std::size_t count() const { return 1; }
  kept keep() const { return {}; }
  static view_type take(const sprat_view *&views, kept) noexcept {
    const sprat_view &one = *views++;
    return {static_cast<T *>(one.data), one.bytes / sizeof(T)};
  }
};

/* An access to a tile. */
template <class T> struct tile_access {
  using view_type = tile_view<T>;
  struct kept {
    std::size_t rows, columns, leading;
  };
  sprat_access use;
  void list(sprat_access *&to) const { detail::put(to, use); }
  std::size_t count() const { return 1; }
  kept keep() const { return {use.row_end - use.row_begin, use.column_end - use.column_begin, use.leading_dimension}; }
  static view_type take(const sprat_view *&views, const kept &shape) noexcept {
    return {static_cast<T *>((views++)->data), shape.rows, shape.columns, shape.leading};
  }
};

/* The argument of the round, in a graph that record_with makes: the body gets a copy. */
template <class Q> struct argument {
  static_assert(std::is_trivially_copyable<Q>::value, "an argument of a round is plain data");
  using view_type = Q;
  using kept = detail::nothing;
  sprat_round round;
  void list(sprat_access *&to) const { detail::put(to, sprat_argument_of(round)); }
  std::size_t count() const { return 1; }
  kept keep() const { return {}; }
  static view_type take(const sprat_view *&views, kept) noexcept { return *static_cast<const Q *>((views++)->data); }
};

/* An access for the codelet's children only: the body has no view of it. */
struct weak_access {
  sprat_access use;
};

/* A list of accesses whose length is known when the program runs: of `access`, not of tiles. */
template <class A> struct access_list {
  using view_type = view_list<A>;
  using kept = std::size_t;
  const std::vector<A> &all;
  void list(sprat_access *&to) const {
    for (const A &one : all) one.list(to);
  }
  std::size_t count() const { return all.size(); }
  kept keep() const { return all.size(); }
  static view_type take(const sprat_view *&views, kept size) noexcept {
    const sprat_view *first = views;
    views += size;
    return {first, size};
  }
};
template <class A> access_list<A> each(const std::vector<A> &all) { return {all}; }

/* Memory for the codelet alone while it runs: so many elements, with anything in them. */
template <class T> access<T> scratch(std::size_t count) {
  static_assert(std::is_trivially_copyable<T>::value, "scratch memory is plain data");
  // More than there can be is refused by the spawn.
  std::size_t most = std::numeric_limits<std::size_t>::max();
  return {sprat_scratch(count > most / sizeof(T) ? most : count * sizeof(T))};
}

namespace detail {
template <class T> struct element_type;
template <> struct element_type<float> { static constexpr sprat_type value = SPRAT_F32; };
template <> struct element_type<double> { static constexpr sprat_type value = SPRAT_F64; };
template <> struct element_type<std::int32_t> { static constexpr sprat_type value = SPRAT_I32; };
template <> struct element_type<std::int64_t> { static constexpr sprat_type value = SPRAT_I64; };
template <> struct element_type<std::uint32_t> { static constexpr sprat_type value = SPRAT_U32; };
template <> struct element_type<std::uint64_t> { static constexpr sprat_type value = SPRAT_U64; };

/* An operator of one's own, of elements of type T: see block::reduce_by. */
template <class T, class O> struct own_operator {
  static void neutral(void *into, std::size_t bytes) noexcept {
    T *const all = static_cast<T *>(into);
    for (std::size_t i = 0; i < bytes / sizeof(T); i++) all[i] = O::neutral();
  }
  static void merge(void *into, const void *from, std::size_t bytes) noexcept {
    T *const all = static_cast<T *>(into);
    const T *const more = static_cast<const T *>(from);
    for (std::size_t i = 0; i < bytes / sizeof(T); i++) O::merge(all[i], more[i]);
  }
  static sprat_operator define() {
    sprat_operator defined = 0;
    check(sprat_operator_define(neutral, merge, &defined));
    return defined;
  }
  static sprat_operator number() {
    static const sprat_operator defined = define();
    return defined;
  }
};

/* A text that a call gives, which is first asked for its length; it may have grown meanwhile. */
template <class F> std::string text_of(const F &call) {
  std::vector<char> text;
  std::size_t length = 0;
  check(call(nullptr, std::size_t(0), &length));
  do {
    text.resize(length + 1);
    check(call(text.data(), text.size(), &length));
  } while (length >= text.size());
  return text.data();
}

/* What is defined by a name, once, as long as the name is the same: mostly it is. */
template <class F> sprat_codelet defined_once(const char *name, const F &define) {
  struct named {
    std::string name;
    sprat_codelet codelet;
  };
  /* Both at once, since two threads may come with two names. It stays, since codelets spawn others until the process ends. */
  static const named &first = *new named{name ? name : "", define(name)};
  return name && std::strcmp(first.name.c_str(), name) == 0 ? first.codelet : define(name);
}
} // namespace detail

/* A range of a block. */
template <class T> class part {
public:
  part(sprat_block id, std::size_t begin, std::size_t end) : id_(id), begin_(begin), end_(end) {}
  access<const T> read() const { return {use(SPRAT_READ)}; }
  access<T> write() const { return {use(SPRAT_WRITE)}; }
  access<T> read_write() const { return {use(SPRAT_READ_WRITE)}; }

private:
  sprat_access use(sprat_mode mode) const { return sprat_part(id_, mode, sizeof(T), begin_, end_); }
  sprat_block id_;
  std::size_t begin_, end_;
};

/* Rows and columns of a block that is a matrix in row-major order. */
template <class T> class tile {
public:
  tile(sprat_block id, std::size_t r0, std::size_t r1, std::size_t c0, std::size_t c1, std::size_t leading)
      : use_(sprat_tile(id, SPRAT_READ, sizeof(T), r0, r1, c0, c1, leading)) {}
  tile_access<const T> read() const { return {use_}; }
  tile_access<T> write() const { return {with(SPRAT_WRITE)}; }
  tile_access<T> read_write() const { return {with(SPRAT_READ_WRITE)}; }

private:
  sprat_access with(sprat_mode mode) const {
    sprat_access use = use_;
    use.mode = mode;
    return use;
  }
  sprat_access use_;
};

/* A data block of elements of type T: its name, copied freely. */
template <class T> class block {
  static_assert(std::is_trivially_copyable<T>::value, "a block's elements are plain data");
  static_assert(alignof(T) <= 64, "blocks begin at multiples of 64 bytes");

public:
  block() noexcept : id_{0} {}
  explicit block(sprat_block id) noexcept : id_(id) {}
  sprat_block id() const noexcept { return id_; }
  access<const T> read() const { return {sprat_read(id_)}; }
  access<T> write() const { return {sprat_write(id_)}; }
  access<T> read_write() const { return {sprat_read_write(id_)}; }
  access<T> commute() const { return {sprat_commute(id_)}; }
  access<T> shared_write() const { return {sprat_use(id_, SPRAT_SHARED_WRITE)}; }
  access<T> exclusive() const { return {sprat_use(id_, SPRAT_EXCLUSIVE)}; }
  access<T> reduce(sprat_operator how) const { return {sprat_reduce(id_, how, detail::element_type<T>::value)}; }
  /* By an operator of one's own: a type with `static T neutral()`, what changes nothing, and `static void merge(T &into, const T &from)`,
   * neither of which throws. */
  template <class O> access<T> reduce_by() const { return {sprat_reduce(id_, detail::own_operator<T, O>::number(), 0)}; }
  /* For children only: SPRAT_READ, SPRAT_WRITE or SPRAT_READ_WRITE. */
  weak_access weak(sprat_mode mode) const { return {sprat_use(id_, mode | SPRAT_WEAK)}; }
  sprat::part<T> part(std::size_t begin, std::size_t end) const { return {id_, begin, end}; }
  sprat::tile<T> tile(std::size_t r0, std::size_t r1, std::size_t c0, std::size_t c1, std::size_t leading) const {
    return {id_, r0, r1, c0, c1, leading};
  }

private:
  sprat_block id_;
};

/* An event's name. */
class event {
public:
  event() noexcept : id_{{0, 0}} {}
  explicit event(sprat_event id) noexcept : id_(id) {}
  sprat_event id() const noexcept { return id_; }

private:
  sprat_event id_;
};

/* An event that somebody satisfies, or a latch that somebody counts. When it goes before that, the event is poisoned. */
class made_event {
public:
  explicit made_event(sprat_event id) noexcept : id_(id) {}
  made_event(made_event &&other) noexcept : id_(std::exchange(other.id_, sprat_event{{0, 0}})) {}
  made_event &operator=(made_event &&other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  ~made_event() {
    if (id_.id[1] != 0) sprat_event_destroy(id_);
  }
  sprat::event event() const noexcept { return sprat::event(id_); }
  void satisfy() const { check(sprat_event_satisfy(id_)); }
  void up() const { check(sprat_latch_up(id_)); }
  void down() const { check(sprat_latch_down(id_)); }
  /* How many a latch still waits for. */
  std::uint64_t count() const {
    std::uint64_t left = 0;
    check(sprat_latch_count(id_, &left));
    return left;
  }

private:
  sprat_event id_;
};

/* A line of events: the i-th that `next` gives comes with the i-th call of `satisfy`. When it goes, those that have not come are
 * poisoned. */
class channel {
public:
  explicit channel(sprat_channel id) noexcept : id_(id) {}
  channel(channel &&other) noexcept : id_(std::exchange(other.id_, sprat_channel{0})) {}
  channel &operator=(channel &&other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  ~channel() {
    if (id_.id != 0) sprat_channel_destroy(id_);
  }
  sprat_channel id() const noexcept { return id_; }
  made_event next() const {
    sprat_event event;
    check(sprat_channel_next(id_, &event));
    return made_event(event);
  }
  void satisfy() const { check(sprat_channel_satisfy(id_)); }

private:
  sprat_channel id_;
};

/* Where a block is to be: one of the SPRAT_HOME_ kinds, a region, or near another block. */
class home {
public:
  explicit home(sprat_home_kind kind) noexcept : home_(sprat_home_kind_of(kind)) {}
  static home region(std::uint32_t region) noexcept { return home(sprat_home_region(region)); }
  template <class T> static home near(block<T> block) noexcept { return home(sprat_home_near(block.id())); }
  sprat_home get() const noexcept { return home_; }

private:
  explicit home(sprat_home home) noexcept : home_(home) {}
  sprat_home home_;
};

class scope;

/* A body that needs something of the processor: one of the SPRAT_ISA_ constants. */
template <sprat_isa I, class F> struct alternate {
  F body;
};
template <sprat_isa I, class F> alternate<I, F> needs(F body) { return {body}; }

/* A usual body and alternates, at most seven, which do the same: each engine runs the one that is best there. */
template <class F, class... G> struct bodies {
  F usual;
  detail::pack<G...> others;
  explicit bodies(F usual, G... others) : usual(usual), others(detail::make_pack(others...)) {}
};

namespace detail {

/* Bytes of so many elements; more than there can be are refused by the call that gets them. */
template <class T> std::uint64_t bytes_of(std::uint64_t count) noexcept {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  return count > most / sizeof(T) ? most : count * sizeof(T);
}

/* A lambda with what its accesses keep: the parameters of a codelet. */
template <class F, class... A> struct bound : keeps<A...> {
  F body;

  template <class First, class... Rest, class K, class... V>
  void take(scope &here, const sprat_view *views, const K &kept, const V &...before) const {
    auto one = First::take(views, kept.head);
    if constexpr (sizeof...(Rest) == 0)
      body(here, before..., one);
    else
      take<Rest...>(here, views, kept.tail, before..., one);
  }
  static void run(sprat_scope *handle, const void *params, const sprat_view *views, std::size_t) noexcept;
  static sprat_codelet define(const char *name) {
    sprat_definition definition = {sizeof definition, name, run, sizeof(bound), alignof(bound), nullptr, 0, 0, 0};
    sprat_codelet defined = {0};
    check(sprat_codelet_define(&definition, &defined));
    return defined;
  }
  static sprat_codelet codelet(const char *name) {
    return defined_once(name, [](const char *name) { return define(name); });
  }
};

/* The same of several bodies, which get the same views. */
template <class B, class... A> struct bound_best;
template <class F, sprat_isa... I, class... G, class... A> struct bound_best<bodies<F, alternate<I, G>...>, A...> : keeps<A...> {
  bodies<F, alternate<I, G>...> all;

  static const F &at(const bodies<F, alternate<I, G>...> &all, std::integral_constant<std::size_t, 0>) { return all.usual; }
  template <std::size_t K> static const auto &at(const bodies<F, alternate<I, G>...> &all, std::integral_constant<std::size_t, K>) {
    return inside(all.others, std::integral_constant<std::size_t, K - 1>());
  }
  template <class P> static const auto &inside(const P &others, std::integral_constant<std::size_t, 0>) { return others.head.body; }
  template <class P, std::size_t K> static const auto &inside(const P &others, std::integral_constant<std::size_t, K>) {
    return inside(others.tail, std::integral_constant<std::size_t, K - 1>());
  }
  template <std::size_t K> static void run(sprat_scope *handle, const void *params, const sprat_view *views, std::size_t) noexcept;
  template <std::size_t... K> static sprat_codelet define(const char *name, std::index_sequence<K...>) {
    sprat_definition definition = {sizeof definition, name, run<0>, sizeof(bound_best), alignof(bound_best), nullptr, 0, 0, 0};
    sprat_codelet defined = {0};
    check(sprat_codelet_define(&definition, &defined));
    (check(sprat_codelet_alternate(defined, I, run<K + 1>, &defined)), ...);
    return defined;
  }
  static sprat_codelet codelet(const char *name) {
    return defined_once(name, [](const char *name) { return define(name, std::index_sequence_for<G...>()); });
  }
};

/* What a chunk does, and what it throws. */
template <class F> std::int32_t guarded_chunk(const F &work) noexcept {
  try {
    work();
  } catch (const std::exception &thrown) {
    sprat_chunk_fail(thrown.what());
  } catch (...) {
    sprat_chunk_fail("an exception that is no std::exception");
  }
  return 0;
}

/* The same of a loop, which gets where its chunk begins. */
template <class F, class... A> struct bound_loop : keeps<A...> {
  F body;

  template <class First, class... Rest, class K, class... V>
  void take(std::size_t begin, const sprat_view *views, const K &kept, const V &...before) const {
    auto one = First::take(views, kept.head);
    if constexpr (sizeof...(Rest) == 0)
      body(begin, before..., one);
    else
      take<Rest...>(begin, views, kept.tail, before..., one);
  }
  static std::int32_t run(const void *params, std::size_t begin, std::size_t, const sprat_view *views, std::size_t) noexcept {
    const bound_loop &self = *static_cast<const bound_loop *>(params);
    return guarded_chunk([&] { self.template take<A...>(begin, views, self.kept()); });
  }
};

/* The same of a reduction, with how its results are combined. */
template <class R, class M, class C, class... A> struct bound_reduction : keeps<A...> {
  M map;
  C combine;

  template <class First, class... Rest, class K, class... V>
  R take(std::size_t begin, const sprat_view *views, const K &kept, const V &...before) const {
    auto one = First::take(views, kept.head);
    if constexpr (sizeof...(Rest) == 0)
      return map(begin, before..., one);
    else
      return take<Rest...>(begin, views, kept.tail, before..., one);
  }
  static std::int32_t make(const void *params, std::size_t begin, std::size_t, const sprat_view *views, std::size_t, void *result) noexcept {
    const bound_reduction &self = *static_cast<const bound_reduction *>(params);
    return guarded_chunk([&] { new (result) R(self.template take<A...>(begin, views, self.kept())); });
  }
  static std::int32_t add(const void *params, void *result, const void *next) noexcept {
    const bound_reduction &self = *static_cast<const bound_reduction *>(params);
    R &first = *static_cast<R *>(result);
    return guarded_chunk([&] { first = self.combine(first, *static_cast<const R *>(next)); });
  }
};

/* A lambda that runs at once, and what it threw. */
template <class F> struct at_once {
  F &body;
  std::exception_ptr thrown;
  static void run(sprat_scope *handle, void *argument) noexcept;
};

template <class F> void guarded(sprat_scope *handle, const F &work) noexcept {
  try {
    work();
  } catch (const std::exception &thrown) {
    sprat_fail(handle, thrown.what());
  } catch (...) {
    sprat_fail(handle, "an exception that is no std::exception");
  }
}

} // namespace detail

/* Options of a codelet; they come first, and spawn comes last. */
class options {
public:
  options(sprat_scope *handle, const char *name) noexcept : handle_(handle), name_(name) {}
  options(const options &other) : handle_(other.handle_), name_(other.name_), set_(other.set_ ? new chosen(*other.set_) : nullptr) {}
  options &operator=(options other) noexcept {
    handle_ = other.handle_, name_ = other.name_;
    std::swap(set_, other.set_);
    return *this;
  }
  ~options() { delete set_; }
  template <class T> options &near(block<T> block) {
    set(SPRAT_NEAR).near_block = block.id();
    return *this;
  }
  options &on_xe(std::size_t xe) {
    set(SPRAT_ON_XE).place_number = xe;
    return *this;
  }
  options &on_region(std::size_t region) {
    set(SPRAT_ON_REGION).place_number = region;
    return *this;
  }
  options &with(sprat_group group) {
    set(SPRAT_WITH_GROUP).group = group;
    return *this;
  }
  options &priority(sprat_priority priority) {
    set().priority = priority;
    return *this;
  }
  options &cost(std::uint64_t flops, std::uint64_t bytes) {
    set().flops = flops, set().bytes = bytes;
    return *this;
  }
  options &repeatable(std::uint32_t times) {
    set().repeats = times;
    return *this;
  }
  options &at_ready() {
    set().flags |= SPRAT_AT_READY;
    return *this;
  }
  options &after(event event) {
    all().after.push_back(event.id()), set();
    return *this;
  }
  /* For the children of what is spawned; the body has no view of it. Loops and accesses to files have no children. */
  options &weak(weak_access access) {
    all().weak.push_back(access.use);
    return *this;
  }

  /* Spawns it: the lambda gets the scope, and a view of each access. The event is that of its end. */
  template <class F, class... A> event spawn(F body, const A &...accesses) {
    static_assert(std::is_trivially_copyable<F>::value, "a codelet's lambda captures numbers, blocks and addresses, by value");
    using bound = detail::bound<F, A...>;
    const bound params = {detail::keep_of(accesses...), body};
    sprat_event ended = {{0, 0}};
    no_grain();
    with_list(
        [&](const sprat_access *list, std::size_t count) {
          check(sprat_spawn(handle_, bound::codelet(name_), &params, list, count, listed(), &ended));
        },
        accesses...);
    return event(ended);
  }

  /* The same with several bodies: `bodies(usual, needs<SPRAT_ISA_AVX2>(other))`. */
  template <class F, class... G, class... A> event spawn(bodies<F, G...> all, const A &...accesses) {
    using bound = detail::bound_best<bodies<F, G...>, A...>;
    static_assert(std::is_trivially_copyable<bound>::value, "a codelet's lambda captures numbers, blocks and addresses, by value");
    const bound params = {detail::keep_of(accesses...), all};
    sprat_event ended = {{0, 0}};
    no_grain();
    with_list(
        [&](const sprat_access *list, std::size_t count) {
          check(sprat_spawn(handle_, bound::codelet(name_), &params, list, count, listed(), &ended));
        },
        accesses...);
    return event(ended);
  }

  /* How many elements a chunk of for_each or map_reduce has, which alone have chunks; 0, as it is unless said: what takes about 30 us. */
  options &grain(std::size_t elements) {
    all().grain = elements;
    return *this;
  }
  /* A loop over accesses of so many elements each, in chunks that run beside each other: the lambda gets where its chunk begins, and a
   * view of that part of each. An exception that leaves it makes the loop fail, with its what(). */
  template <class F, class... A> event for_each(std::size_t elements, F body, const A &...accesses) {
    static_assert(std::is_trivially_copyable<F>::value, "a loop's lambda captures numbers, blocks and addresses, by value");
    static_assert(sizeof...(A) >= 1 && sizeof...(A) <= 8, "a loop goes over one to eight accesses");
    using bound = detail::bound_loop<F, A...>;
    static_assert(alignof(bound) <= 16, "what a loop's lambda captures is aligned to 16 at most");
    const bound params = {detail::keep_of(accesses...), body};
    const sprat_loop what = {sizeof what, name_, bound::run, sizeof params, elements, grain()};
    sprat_event ended = {{0, 0}};
    no_weak();
    with_list(
        [&](const sprat_access *list, std::size_t count) {
          check(sprat_for_each(handle_, &what, &params, list, count, listed(), &ended));
        },
        accesses...);
    return event(ended);
  }

  /* A reduction over accesses of at least one element each: `map` gets what a loop's lambda gets, and returns what it makes of its chunk; of
   * two such `combine` makes one. The last of them is written into the block, which has one element. The same bits with any number of
   * engines. See sprat_map_reduce. */
  template <class R, class M, class C, class... A>
  event map_reduce(std::size_t elements, M map, C combine, block<R> result, const A &...accesses) {
    static_assert(std::is_trivially_copyable<M>::value && std::is_trivially_copyable<C>::value,
                  "a reduction's lambdas capture numbers, blocks and addresses, by value");
    static_assert(sizeof...(A) >= 1 && sizeof...(A) <= 8, "a reduction goes over one to eight accesses");
    static_assert(alignof(R) <= 16, "a reduction's result is aligned to 16 at most");
    using bound = detail::bound_reduction<R, M, C, A...>;
    static_assert(alignof(bound) <= 16, "what a reduction's lambdas capture is aligned to 16 at most");
    const bound params = {detail::keep_of(accesses...), map, combine};
    const sprat_reduction what = {sizeof what, name_, bound::make, bound::add, sizeof params, elements, grain(), sizeof(R)};
    sprat_event ended = {{0, 0}};
    no_weak();
    with_list(
        [&](const sprat_access *list, std::size_t count) {
          check(sprat_map_reduce(handle_, &what, &params, list, count, result.id(), listed(), &ended));
        },
        accesses...);
    return event(ended);
  }

  /* Accesses to files, with these options. `start` is counted in bytes. See sprat_read_file. */

  /* A block with `count` elements from there on, or if that is 0 with all whole ones up to the end: views leave out bytes behind the
   * last whole element. */
  template <class T> block<T> read_file(const char *path, std::uint64_t start = 0, std::uint64_t count = 0) {
    sprat_block id;
    for_a_file();
    check(sprat_read_file_in(handle_, path, start, detail::bytes_of<T>(count), listed(), &id));
    return block<T>(id);
  }
  template <class T> event read_file_into(block<T> block, const char *path, std::uint64_t start = 0) {
    sprat_event ended = {{0, 0}};
    for_a_file();
    check(sprat_read_file_into(handle_, block.id(), path, start, listed(), &ended));
    return event(ended);
  }
  template <class T> event write_file(block<T> block, const char *path) {
    sprat_event ended = {{0, 0}};
    for_a_file();
    check(sprat_write_file_in(handle_, block.id(), path, listed(), &ended));
    return event(ended);
  }
  template <class T> event write_file_at(block<T> block, const char *path, std::uint64_t start) {
    sprat_event ended = {{0, 0}};
    for_a_file();
    check(sprat_write_file_at(handle_, block.id(), path, start, listed(), &ended));
    return event(ended);
  }

private:
  /* What was chosen. Most codelets have none of it, so it lies elsewhere, and only where there is any. */
  struct chosen {
    sprat_options options = SPRAT_OPTIONS_INIT;
    bool is_set = false;
    std::size_t grain = 0;
    std::vector<sprat_event> after;
    std::vector<sprat_access> weak;
  };
  chosen &all() {
    if (!set_) set_ = new chosen;
    return *set_;
  }
  /* What is changed of the options. */
  sprat_options &set() {
    all().is_set = true;
    return all().options;
  }
  sprat_options &set(sprat_place place) {
    set().place = place;
    return set_->options;
  }
  /* What is handed on: null if nothing was set, since that is the shortest way to spawn. */
  const sprat_options *listed() noexcept {
    if (!set_ || !set_->is_set) return nullptr;
    set_->options.after = set_->after.data(), set_->options.after_count = set_->after.size();
    return &set_->options;
  }
  std::size_t grain() const noexcept { return set_ ? set_->grain : 0; }
  /* Options that do not go with what is begun are refused rather than dropped. */
  void no_weak() const {
    if (set_ && !set_->weak.empty())
      refuse("has weak accesses, which are for the children of a codelet; a loop and an access to a file have none, so leave out weak()");
  }
  void no_grain() const {
    if (grain() != 0) refuse("has a grain, and is not cut into chunks; only a loop is, so leave out grain(), or use for_each() or map_reduce()");
  }
  [[noreturn]] void refuse(const char *why) const {
    throw error(SPRAT_ARGUMENT, "`" + std::string(name_ ? name_ : "") + "` " + why);
  }
  void for_a_file() const { no_weak(), no_grain(); }
  /* Calls something with all that is accessed, the weak ones last. */
  template <class F, class... A> void with_list(const F &call, const A &...accesses) const {
    const std::size_t weak = set_ ? set_->weak.size() : 0, count = (weak + ... + accesses.count());
    sprat_access some[few];
    std::vector<sprat_access> many(count > few ? count : 0);
    sprat_access *const list = count > few ? many.data() : some, *at = list;
    (accesses.list(at), ...);
    for (std::size_t i = 0; i < weak; i++) detail::put(at, set_->weak[i]);
    call(list, count);
  }
  static constexpr std::size_t few = 8;
  sprat_scope *handle_;
  const char *name_;
  chosen *set_ = nullptr;
};

/* The right to cancel a scope, for any thread. */
class canceller {
public:
  explicit canceller(sprat_canceller id) noexcept : id_(id) {}
  canceller(canceller &&other) noexcept : id_(std::exchange(other.id_, sprat_canceller{0})) {}
  canceller &operator=(canceller &&other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  ~canceller() {
    if (id_.id != 0) sprat_canceller_destroy(id_);
  }
  void cancel(const char *reason) const { check(sprat_canceller_cancel(id_, reason)); }

private:
  sprat_canceller id_;
};

/* A part of a body: see scope::begin_span. */
class span {
public:
  span(sprat_scope *handle, const char *name) : handle_(handle) { check(sprat_trace_begin(handle, name)); }
  span(const span &) = delete;
  span &operator=(const span &) = delete;
  ~span() { sprat_trace_end(handle_); }

private:
  sprat_scope *handle_;
};

/* Where codelets are spawned: by the body that gets it, on its thread, until it returns. */
class scope {
public:
  explicit scope(sprat_scope *handle) noexcept : handle_(handle) {}
  scope(const scope &) = delete;
  scope &operator=(const scope &) = delete;
  sprat_scope *handle() const noexcept { return handle_; }
  /* Begins a codelet. The name stays where it is, as texts in the source do. */
  options codelet(const char *name) const noexcept { return options(handle_, name); }
  template <class T> block<T> make_block(std::size_t count) const {
    sprat_block id;
    check(sprat_block_create_in(handle_, count, sizeof(T), &id));
    return block<T>(id);
  }
  template <class T> block<T> make_block_at(home home, std::size_t count) const {
    sprat_block id;
    check(sprat_block_create_at_in(handle_, home.get(), count, sizeof(T), &id));
    return block<T>(id);
  }
  /* Moves a block, or several side by side, to another region: an access like any other. The event is that of its end. */
  template <class T> event migrate(block<T> block, home home) const {
    sprat_event ended = {{0, 0}};
    check(sprat_migrate(handle_, block.id(), home.get(), &ended));
    return event(ended);
  }
  template <class T> event migrate(const std::vector<block<T>> &blocks, home home) const {
    std::vector<sprat_block> ids(blocks.size() + 1);
    for (std::size_t i = 0; i < blocks.size(); i++) ids[i] = blocks[i].id();
    sprat_event ended = {{0, 0}};
    check(sprat_migrate_group(handle_, ids.data(), blocks.size(), home.get(), &ended));
    return event(ended);
  }
  /* Keeps a copy of a block in each region where engines are, for those that read it there. */
  template <class T> event replicate(block<T> block) const {
    sprat_event ended = {{0, 0}};
    check(sprat_replicate(handle_, block.id(), &ended));
    return event(ended);
  }
  /* A block of memory of the caller's, until the host's scope has ended. */
  template <class T> block<T> adopt(T *data, std::size_t count) const {
    sprat_block id;
    check(sprat_adopt(handle_, data, count, sizeof(T), &id));
    return block<T>(id);
  }
  template <class T> block<T> adopt(std::vector<T> &data) const { return adopt(data.data(), data.size()); }
  template <class T> void destroy(block<T> block) const { check(sprat_block_destroy_in(handle_, block.id())); }
  made_event make_event(const char *name) const {
    sprat_event id;
    check(sprat_event_create_in(handle_, name, &id));
    return made_event(id);
  }
  /* One that the first of several who satisfy it makes come. */
  made_event make_shared_event(const char *name) const {
    sprat_event id;
    check(sprat_event_create_shared_in(handle_, name, &id));
    return made_event(id);
  }
  made_event make_latch(const char *name, std::uint32_t count) const {
    sprat_event id;
    check(sprat_latch_create_in(handle_, name, count, &id));
    return made_event(id);
  }
  made_event poll(const char *name, sprat_poll poll, void *argument) const {
    sprat_event id;
    check(sprat_event_poll_in(handle_, name, poll, argument, &id));
    return made_event(id);
  }
  /* A line of events; `bound`, unless it is 0, is how many may be ahead on one side. */
  channel make_channel(const char *name, std::size_t bound = 0) const {
    sprat_channel id;
    check(sprat_channel_create_in(handle_, name, bound, &id));
    return channel(id);
  }
  /* Opens a scope inside this one, and runs its body now. */
  template <class F> event open(F &&body) const {
    detail::at_once<std::remove_reference_t<F>> once = {body, nullptr};
    sprat_event ended = {{0, 0}};
    const sprat_status status = sprat_scope_open(handle_, once.run, &once, &ended);
    if (once.thrown) std::rethrow_exception(once.thrown);
    check(status);
    return event(ended);
  }
  /* Notes a counter's value in the trace, if one is kept. */
  void count(const char *name, double value) const { check(sprat_trace_count(handle_, name, value)); }
  /* A part of this body, which the trace shows under a name: it ends when what this returns goes, which is last begun, first ended. */
  span begin_span(const char *name) const { return span(handle_, name); }
  void cancel(const char *reason) const { check(sprat_cancel(handle_, reason)); }
  bool is_cancelled() const noexcept { return sprat_is_cancelled(handle_) != 0; }
  sprat::canceller make_canceller() const {
    sprat_canceller id;
    check(sprat_canceller_create(handle_, &id));
    return sprat::canceller(id);
  }

private:
  sprat_scope *handle_;
};

namespace detail {

template <class F, class... A>
void bound<F, A...>::run(sprat_scope *handle, const void *params, const sprat_view *views, std::size_t) noexcept {
  guarded(handle, [&] {
    const bound &self = *static_cast<const bound *>(params);
    scope here(handle);
    if constexpr (sizeof...(A) == 0)
      self.body(here);
    else
      self.template take<A...>(here, views, self.kept());
  });
}

template <class F, sprat_isa... I, class... G, class... A>
template <std::size_t K>
void bound_best<bodies<F, alternate<I, G>...>, A...>::run(sprat_scope *handle, const void *params, const sprat_view *views,
                                                          std::size_t count) noexcept {
  const bound_best &self = *static_cast<const bound_best *>(params);
  const auto &body = at(self.all, std::integral_constant<std::size_t, K>());
  const bound<std::decay_t<decltype(body)>, A...> one = {self, body};
  one.run(handle, &one, views, count);
}

/* A lambda that records with an argument, at once. */
template <class Q, class F> struct at_once_with {
  F &body;
  std::exception_ptr thrown;
  static void run(sprat_scope *handle, sprat_round round, void *given) noexcept {
    at_once_with &once = *static_cast<at_once_with *>(given);
    guarded(handle, [&] {
      try {
        scope here(handle);
        once.body(here, argument<Q>{round});
      } catch (...) {
        once.thrown = std::current_exception();
        throw;
      }
    });
  }
};

template <class F> void at_once<F>::run(sprat_scope *handle, void *argument) noexcept {
  at_once &once = *static_cast<at_once *>(argument);
  guarded(handle, [&] {
    try {
      scope here(handle);
      once.body(here);
    } catch (...) {
      once.thrown = std::current_exception();
      throw;
    }
  });
}

} // namespace detail

/* Codelets recorded with their dependences. */
class graph {
public:
  explicit graph(sprat_graph *handle) noexcept : handle_(handle) {}
  graph(graph &&other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  graph &operator=(graph &&other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~graph() {
    if (handle_) sprat_graph_destroy(handle_);
  }
  sprat_graph *handle() const noexcept { return handle_; }
  std::size_t codelets() const {
    std::size_t count = 0;
    check(sprat_graph_codelets(handle_, &count));
    return count;
  }
  void cancel(const char *reason) const { check(sprat_graph_cancel(handle_, reason)); }
  /* The engine that each codelet belongs to, in the order of their spawns. */
  std::vector<std::size_t> owners() const {
    std::vector<std::size_t> all(codelets());
    check(sprat_graph_owners(handle_, all.data(), all.size()));
    return all;
  }
  std::string tell(sprat_about_graph about) const {
    return detail::text_of([&](char *text, std::size_t room, std::size_t *length) {
      return sprat_graph_tell(handle_, about, text, room, length);
    });
  }

private:
  sprat_graph *handle_;
};

/* The same with an argument for each round. */
template <class Q> class graph_with {
public:
  explicit graph_with(sprat_graph *handle) noexcept : all_(handle) {}
  const graph &all() const noexcept { return all_; }

private:
  graph all_;
};

/* A running Sprat. */
class runtime {
public:
  runtime() { check(sprat_runtime_create(nullptr, &handle_)); }
  explicit runtime(const sprat_config &config) { check(sprat_runtime_create(&config, &handle_)); }
  runtime(runtime &&other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  runtime &operator=(runtime &&other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~runtime() {
    if (handle_) sprat_runtime_destroy(handle_);
  }
  sprat_runtime *handle() const noexcept { return handle_; }

  template <class T> block<T> make_block(std::size_t count) const {
    sprat_block id;
    check(sprat_block_create(handle_, count, sizeof(T), &id));
    return block<T>(id);
  }
  template <class T> std::vector<block<T>> make_blocks(std::size_t blocks, std::size_t count) const {
    std::vector<sprat_block> ids(blocks ? blocks : 1);
    check(sprat_blocks_create(handle_, blocks, count, sizeof(T), ids.data()));
    std::vector<block<T>> made;
    for (std::size_t i = 0; i < blocks; i++) made.push_back(block<T>(ids[i]));
    return made;
  }
  template <class T> std::vector<block<T>> make_blocks_at(home home, std::size_t blocks, std::size_t count) const {
    std::vector<sprat_block> ids(blocks ? blocks : 1);
    check(sprat_blocks_create_at(handle_, home.get(), blocks, count, sizeof(T), ids.data()));
    std::vector<block<T>> made;
    for (std::size_t i = 0; i < blocks; i++) made.push_back(block<T>(ids[i]));
    return made;
  }
  /* The region where a block's memory is, or SPRAT_NOWHERE. */
  template <class T> std::uint32_t region(block<T> block) const {
    std::uint32_t region = SPRAT_NOWHERE;
    check(sprat_block_region(handle_, block.id(), &region));
    return region;
  }
  /* A block with `count` elements of a file from byte `start` on, or if that is 0 with all whole ones up to its end: views leave out bytes
   * behind the last whole element. And a block to a file. Wait. */
  template <class T> block<T> read_file(const char *path, std::uint64_t start = 0, std::uint64_t count = 0) const {
    sprat_block id;
    check(sprat_read_file(handle_, path, start, detail::bytes_of<T>(count), &id));
    return block<T>(id);
  }
  template <class T> void write_file(block<T> block, const char *path) const {
    check(sprat_write_file(handle_, block.id(), path));
  }
  template <class T> void name(block<T> block, const char *name) const { check(sprat_block_name(handle_, block.id(), name)); }
  template <class T> void destroy(block<T> block) const { check(sprat_block_destroy(handle_, block.id())); }
  /* The first element, or so many from one on. Wait. */
  template <class T> T first(block<T> block) const { return read(block, 0, 1)[0]; }
  template <class T> std::vector<T> read(block<T> block, std::size_t from, std::size_t count) const {
    std::vector<T> copy(count ? count : 1);
    check(sprat_block_read(handle_, block.id(), detail::bytes_of<T>(from), copy.data(), detail::bytes_of<T>(count)));
    copy.resize(count);
    return copy;
  }
  template <class T> void write(block<T> block, std::size_t from, const std::vector<T> &data) const {
    const T none{};
    const T *source = data.empty() ? &none : data.data();
    check(sprat_block_write(handle_, block.id(), detail::bytes_of<T>(from), source, data.size() * sizeof(T)));
  }

  /* From now on so many engines work, the first ones. */
  void set_xes(std::size_t xes) const { check(sprat_set_xes(handle_, xes)); }
  /* Aims at another of the SPRAT_POLICY_ constants from now on: see sprat_set_policy. */
  void set_policy(sprat_policy policy) const { check(sprat_set_policy(handle_, policy)); }
  sprat_policy policy() const {
    sprat_policy now = SPRAT_POLICY_DEFAULT;
    check(sprat_policy_get(handle_, &now));
    return now;
  }
  /* Calls a body while no codelet runs: the cores are its own, for a parallel region of OpenMP, say. It calls nothing that waits for
   * codelets. What it gives is given, and what it throws thrown on, when the engines have been let go. */
  template <class F> auto suspended(F &&body) const -> decltype(body()) {
    struct suspension {
      sprat_runtime *of;
      explicit suspension(sprat_runtime *runtime) : of(runtime) { check(sprat_suspend(of)); }
      suspension(const suspension &) = delete;
      ~suspension() { sprat_resume(of); }
    } until_the_end(handle_);
    return body();
  }

  /* Runs a body that spawns, and waits for all that it spawned. What the body throws is thrown on. */
  template <class F> void finish(F &&body) const {
    detail::at_once<std::remove_reference_t<F>> once = {body, nullptr};
    ended(sprat_finish(handle_, once.run, &once), once.thrown);
  }
  template <class F> void finish_within(double seconds, F &&body) const {
    detail::at_once<std::remove_reference_t<F>> once = {body, nullptr};
    ended(sprat_finish_within(handle_, seconds, once.run, &once), once.thrown);
  }
  template <class F> graph record(F &&body) const {
    detail::at_once<std::remove_reference_t<F>> once = {body, nullptr};
    sprat_graph *recorded = nullptr;
    ended(sprat_record(handle_, once.run, &once, &recorded), once.thrown);
    return graph(recorded);
  }
  /* Records a graph each of whose rounds gets an argument: the lambda gets the scope, and an access for codelets that want it. */
  template <class Q, class F> graph_with<Q> record_with(F &&body) const {
    detail::at_once_with<Q, std::remove_reference_t<F>> once = {body, nullptr};
    sprat_graph *recorded = nullptr;
    ended(sprat_record_with(handle_, sizeof(Q), once.run, &once, &recorded), once.thrown);
    return graph_with<Q>(recorded);
  }
  /* Runs it, a round for each argument. */
  template <class Q> void replay_with(const graph_with<Q> &graph, const std::vector<Q> &arguments) const {
    check(sprat_replay_with(handle_, graph.all().handle(), arguments.size(), arguments.data()));
  }
  void replay(const graph &graph, std::size_t rounds) const { check(sprat_replay(handle_, graph.handle(), rounds)); }
  void replay_within(double seconds, const graph &graph, std::size_t rounds) const {
    check(sprat_replay_within(handle_, seconds, graph.handle(), rounds));
  }
  /* Runs it until `done(round)` is true. */
  template <class F> void replay_until(const graph &graph, F &&done) const {
    struct asked {
      std::remove_reference_t<F> &done;
      std::exception_ptr thrown;
      static std::int32_t ask(std::size_t round, void *argument) noexcept {
        asked &self = *static_cast<asked *>(argument);
        try {
          return self.done(round) ? 1 : 0;
        } catch (...) {
          self.thrown = std::current_exception();
          return 1;
        }
      }
    } ask = {done, nullptr};
    ended(sprat_replay_until(handle_, graph.handle(), ask.ask, &ask), ask.thrown);
  }

  made_event make_event(const char *name) const {
    sprat_event id;
    check(sprat_event_create(handle_, name, &id));
    return made_event(id);
  }
  made_event make_shared_event(const char *name) const {
    sprat_event id;
    check(sprat_event_create_shared(handle_, name, &id));
    return made_event(id);
  }
  made_event make_latch(const char *name, std::uint32_t count) const {
    sprat_event id;
    check(sprat_latch_create(handle_, name, count, &id));
    return made_event(id);
  }
  /* An event that comes when a function says so: see sprat_event_poll. */
  made_event poll(const char *name, sprat_poll poll, void *argument) const {
    sprat_event id;
    check(sprat_event_poll(handle_, name, poll, argument, &id));
    return made_event(id);
  }
  channel make_channel(const char *name, std::size_t bound = 0) const {
    sprat_channel id;
    check(sprat_channel_create(handle_, name, bound, &id));
    return channel(id);
  }
  made_event after(double seconds) const {
    sprat_event id;
    check(sprat_event_after(handle_, seconds, &id));
    return made_event(id);
  }
  sprat_group make_group() const {
    sprat_group group;
    check(sprat_group_create(handle_, &group));
    return group;
  }
  sprat_machine machine() const {
    sprat_machine told = SPRAT_MACHINE_INIT;
    check(sprat_machine_get(handle_, &told));
    return told;
  }
  sprat_xe xe(std::size_t which) const {
    sprat_xe told = SPRAT_XE_INIT;
    check(sprat_xe_get(handle_, which, &told));
    return told;
  }
  sprat_ce ce(std::size_t which) const {
    sprat_ce told = SPRAT_CE_INIT;
    check(sprat_ce_get(handle_, which, &told));
    return told;
  }
  sprat_core core(std::size_t which) const {
    sprat_core told = SPRAT_CORE_INIT;
    check(sprat_core_get(handle_, which, &told));
    return told;
  }
  sprat_cache_group cache_group(std::size_t which) const {
    sprat_cache_group told = SPRAT_CACHE_GROUP_INIT;
    check(sprat_cache_group_get(handle_, which, &told));
    return told;
  }
  sprat_region region_at(std::size_t which) const {
    sprat_region told = SPRAT_REGION_INIT;
    check(sprat_region_get(handle_, which, &told));
    return told;
  }
  sprat_usage usage() const {
    sprat_usage told = SPRAT_USAGE_INIT;
    check(sprat_usage_get(handle_, &told));
    return told;
  }
  sprat_moves moves() const {
    sprat_moves told = SPRAT_MOVES_INIT;
    check(sprat_moves_get(handle_, &told));
    return told;
  }
  /* How far a region is for the cores of another one: 10 is local. */
  std::uint32_t distance(std::size_t from, std::size_t to) const {
    std::uint32_t told = 0;
    check(sprat_distance(handle_, from, to, &told));
    return told;
  }
  std::string tell(sprat_about about) const {
    return detail::text_of([&](char *text, std::size_t room, std::size_t *length) {
      return sprat_tell(handle_, about, text, room, length);
    });
  }
  /* The account of memory: its sums, and a table for people. Needs `memory_report` in the configuration. */
  sprat_memory memory() const {
    sprat_memory memory = SPRAT_MEMORY_INIT;
    check(sprat_memory_get(handle_, &memory));
    return memory;
  }
  std::string memory_report() const {
    return detail::text_of([&](char *text, std::size_t room, std::size_t *length) {
      return sprat_memory_report(handle_, text, room, length);
    });
  }

private:
  static void ended(sprat_status status, const std::exception_ptr &thrown) {
    if (thrown) std::rethrow_exception(thrown);
    check(status);
  }
  sprat_runtime *handle_ = nullptr;
};

} // namespace sprat

#endif // SPRAT_HPP
