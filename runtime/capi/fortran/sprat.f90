! Sprat for Fortran: `use sprat`. The functions are those of sprat.h, which says what they do; here are the interfaces of all, the
! types, the constants, and what makes them comfortable: accesses, texts, and views as arrays. Numbers of engines, regions, cores and the
! like count from 0, and so do elements in the chunks of loops, as they do there.
! Texts end before their trailing blanks: a name or a path that ends with a blank cannot be said.
!
! A codelet's body is a subroutine with bind(c):
!
!     subroutine scale(scope, params, views, count) bind(c)
!       type(c_ptr), value :: scope, params
!       integer(c_size_t), value :: count
!       type(sprat_view), intent(in) :: views(count)
!       real(c_double), pointer :: x(:)
!       call sprat_array(views(1), x)
!       x = 2 * x
!     end subroutine
!
! It may run on any engine, beside others: it has no saved variables, and large arrays belong into blocks or scratch memory; for
! those on the stack there is `stack_bytes` in sprat_config, at least 256 KiB, or 0 for 2 MiB; less is refused. (And a compiler that puts local arrays into static memory,
! as gfortran does with large ones unless it is told -frecursive or -fopenmp, makes bodies that disturb each other.)
!
! Compile this file with the compiler of your program; each has its own format of modules.
module sprat
  use, intrinsic :: iso_c_binding
  implicit none
  public

  ! Statuses
  enum, bind(c)
    enumerator :: SPRAT_OK = 0, SPRAT_TOPOLOGY, SPRAT_CONFIG_ERROR, SPRAT_BLOCK_SIZE, SPRAT_FOREIGN, SPRAT_STALE, SPRAT_ACCESS_ERROR
    enumerator :: SPRAT_UNDECLARED, SPRAT_ON_ENGINE, SPRAT_FAILED, SPRAT_CHECK, SPRAT_STUCK, SPRAT_CANCELLED, SPRAT_EVENT_ERROR
    enumerator :: SPRAT_GRAPH, SPRAT_SYSTEM, SPRAT_USER, SPRAT_NULL, SPRAT_ARGUMENT, SPRAT_SCOPE, SPRAT_OTHER
    enumerator :: SPRAT_SUSPENDED
  end enum

  ! Modes of accesses (reading and writing have functions of the same names, so the constants are longer)
  integer(c_int32_t), parameter :: SPRAT_MODE_READ = 1, SPRAT_MODE_WRITE = 2, SPRAT_MODE_READ_WRITE = 3, SPRAT_MODE_COMMUTE = 4, &
       SPRAT_MODE_REDUCE = 5, SPRAT_MODE_SHARED_WRITE = 6, SPRAT_MODE_EXCLUSIVE = 7, SPRAT_MODE_SCRATCH = 8, SPRAT_MODE_ROUND = 9, &
       SPRAT_MODE_WEAK = 256
  ! Operators and types of reductions
  integer(c_int32_t), parameter :: SPRAT_SUM = 1, SPRAT_PRODUCT = 2, SPRAT_MIN = 3, SPRAT_MAX = 4
  integer(c_int32_t), parameter :: SPRAT_F32 = 1, SPRAT_F64 = 2, SPRAT_I32 = 3, SPRAT_I64 = 4, SPRAT_U32 = 5, &
    SPRAT_U64 = 6
  integer(c_int32_t), parameter :: SPRAT_CE_DEFAULT = 0, SPRAT_CE_SHARED = 1, SPRAT_CE_ELASTIC = 2, SPRAT_CE_DEDICATED = 3
  ! Priorities and places
  integer(c_int32_t), parameter :: SPRAT_LOW = -1, SPRAT_NORMAL = 0, SPRAT_HIGH = 1
  integer(c_int32_t), parameter :: SPRAT_ANYWHERE = 0, SPRAT_NEAR = 1, SPRAT_ON_XE = 2, SPRAT_ON_REGION = 3, SPRAT_WITH_GROUP = 4
  integer(c_int32_t), parameter :: SPRAT_DEFAULT = 0, SPRAT_YES = 1, SPRAT_NO = 2
  integer(c_int32_t), parameter :: SPRAT_AT_READY = 1, SPRAT_REPEAT_LAST = 1
  ! Homes of blocks; regions are counted from 0, as sprat_machine_get counts them. The region that is none
  integer(c_int32_t), parameter :: SPRAT_HOME_FIRST_TOUCH = 0, SPRAT_HOME_REGION_OF = 1, SPRAT_HOME_INTERLEAVED = 2, &
    SPRAT_HOME_NEAR_TO = 3, SPRAT_HOME_FASTEST = 4
  integer(c_int32_t), parameter :: SPRAT_NOWHERE = -1

  integer(c_int32_t), parameter :: SPRAT_POLICY_DEFAULT = 0, SPRAT_POLICY_PERFORMANCE = 1, SPRAT_POLICY_LOCALITY = 2
  integer(c_int32_t), parameter :: SPRAT_POLICY_ENERGY = 3, SPRAT_POLICY_ENERGY_DELAY = 4
  ! What a body needs of the processor
  integer(c_int32_t), parameter :: SPRAT_ISA_ANY = 0, SPRAT_ISA_SSE42 = 1, SPRAT_ISA_AVX2 = 2, SPRAT_ISA_AVX512F = 3, &
    SPRAT_ISA_NEON = 4, SPRAT_ISA_SVE = 5
  ! What runtimes and graphs tell as text
  integer(c_int32_t), parameter :: SPRAT_ABOUT_MACHINE = 1, SPRAT_ABOUT_MACHINE_JSON = 2, SPRAT_ABOUT_PLAN = 3, &
    SPRAT_ABOUT_METRICS = 4, SPRAT_ABOUT_LEFTOVERS = 5
  integer(c_int32_t), parameter :: SPRAT_GRAPH_DOT = 1, SPRAT_GRAPH_DECISIONS = 2

  type, bind(c) :: sprat_block
    integer(c_int64_t) :: id = 0
  end type

  type, bind(c) :: sprat_event
    integer(c_int64_t) :: id(2) = 0
  end type

  type, bind(c) :: sprat_group
    integer(c_int64_t) :: id(2) = 0
  end type

  type, bind(c) :: sprat_codelet
    integer(c_int32_t) :: id = 0
  end type

  type, bind(c) :: sprat_canceller
    integer(c_int64_t) :: id = 0
  end type

  type, bind(c) :: sprat_channel
    integer(c_int64_t) :: id = 0
  end type

  type, bind(c) :: sprat_round
    integer(c_int64_t) :: id = 0
  end type

  type, bind(c) :: sprat_home
    integer(c_int32_t) :: kind = 0, region = 0
    type(sprat_block) :: near_block
  end type

  type, bind(c) :: sprat_memory
    integer(c_size_t) :: size = 40
    integer(c_int64_t) :: local_bytes = 0, remote_bytes = 0, unplaced_bytes = 0, other_bytes = 0
  end type

  type, bind(c) :: sprat_view
    type(c_ptr) :: data
    integer(c_size_t) :: bytes
  end type

  type, bind(c) :: sprat_access
    type(sprat_block) :: block
    integer(c_int32_t) :: mode = 0
    integer(c_int32_t) :: element_size = 0
    integer(c_size_t) :: row_begin = 0, row_end = 0
    integer(c_size_t) :: column_begin = 0, column_end = 0
    integer(c_size_t) :: leading_dimension = 0
    integer(c_int32_t) :: reduce_operator = 0, reduce_type = 0
  end type

  type, bind(c) :: sprat_config
    integer(c_size_t) :: size = 104
    integer(c_size_t) :: xes = 0
    integer(c_int32_t) :: ce_mode = 0, pin = 0, oversubscribe = 0, environment = 0
    integer(c_int64_t) :: spin_us = 0
    integer(c_size_t) :: live_codelets = 0, stack_bytes = 0
    integer(c_int64_t) :: check_seed = 0
    type(c_ptr) :: topology = c_null_ptr
    integer(c_int32_t) :: memory_report = 0, policy = 0
    type(c_ptr) :: trace = c_null_ptr, top = c_null_ptr
    integer(c_int64_t) :: replica_bytes = 0
  end type

  type, bind(c) :: sprat_definition
    integer(c_size_t) :: size = 64
    type(c_ptr) :: name = c_null_ptr
    type(c_funptr) :: body = c_null_funptr
    integer(c_size_t) :: params_size = 0, params_align = 0
    type(c_ptr) :: modes = c_null_ptr
    integer(c_size_t) :: mode_count = 0
    integer(c_int32_t) :: flags = 0, reserved = 0
  end type

  type, bind(c) :: sprat_options
    integer(c_size_t) :: size = 88
    integer(c_int32_t) :: place = 0, priority = 0, flags = 0, repeats = 0
    type(sprat_block) :: near_block
    integer(c_size_t) :: place_number = 0
    type(sprat_group) :: group
    integer(c_int64_t) :: flops = 0, bytes = 0
    type(c_ptr) :: after = c_null_ptr
    integer(c_size_t) :: after_count = 0
  end type

  type, bind(c) :: sprat_error
    integer(c_size_t) :: size = 72
    integer(c_int32_t) :: status = 0, cause = 0
    type(c_ptr) :: message = c_null_ptr, codelet = c_null_ptr
    integer(c_int64_t) :: failed = 0, skipped = 0, ran = 0, not_started = 0, rounds = 0
  end type

  type, bind(c) :: sprat_machine
    integer(c_size_t) :: size = 72
    integer(c_size_t) :: packages = 0, regions = 0, cache_groups = 0, cores = 0, threads = 0, xes = 0, domains = 0
    integer(c_int32_t) :: ce_mode = 0, oversubscribed = 0
  end type

  type, bind(c) :: sprat_xe
    integer(c_size_t) :: size = 104
    integer(c_int32_t) :: cpu = 0, reserved = 0
    integer(c_size_t) :: core = 0, region = 0, domain = 0
    integer(c_int64_t) :: ran = 0, skipped = 0, cancelled = 0, repeated = 0, stolen = 0, posted = 0, parked = 0, stood_in = 0
  end type

  type, bind(c) :: sprat_ce
    integer(c_size_t) :: size = 40
    integer(c_int64_t) :: rounds = 0, brokered = 0, stuck_checks = 0, stuck_scopes = 0
  end type

  type, bind(c) :: sprat_usage
    integer(c_size_t) :: size = 32
    integer(c_size_t) :: live_codelets = 0, codelet_bytes = 0, open_xes = 0
  end type

  type, bind(c) :: sprat_core
    integer(c_size_t) :: size = 64
    integer(c_int32_t) :: cpu = 0, capacity = 0
    integer(c_size_t) :: threads = 0, package = 0, region = 0, cache_group = 0, die = 0, cluster = 0
  end type

  type, bind(c) :: sprat_cache_group
    integer(c_size_t) :: size = 56
    integer(c_int64_t) :: bytes = 0
    integer(c_int32_t) :: level = 0, reserved = 0
    integer(c_size_t) :: cores = 0, first_core = 0, region = 0, package = 0
  end type

  type, bind(c) :: sprat_region
    integer(c_size_t) :: size = 56
    integer(c_int32_t) :: os_id = 0, has_cpus = 0
    integer(c_int64_t) :: bytes = 0
    integer(c_size_t) :: mapped_bytes = 0, peak_mapped_bytes = 0, in_use_bytes = 0, recycled_bytes = 0
  end type

  type, bind(c) :: sprat_moves
    integer(c_size_t) :: size = 56
    integer(c_int64_t) :: moved = 0, moved_bytes = 0, copied = 0, copied_bytes = 0, refused = 0, replica_bytes = 0
  end type

  type, bind(c) :: sprat_alternate
    integer(c_size_t) :: size = 32
    integer(c_int32_t) :: usable = 0, chosen = 0
    integer(c_int64_t) :: calls = 0, least_ns = 0
  end type

  ! A loop: its body is a function like `sprat_chunk`. The first element is 0.
  type, bind(c) :: sprat_loop
    integer(c_size_t) :: size = 48
    type(c_ptr) :: name = c_null_ptr
    type(c_funptr) :: body = c_null_funptr
    integer(c_size_t) :: params_size = 0, elements = 0, grain = 0
  end type

  ! A reduction: its functions are like `sprat_map` and `sprat_combine`.
  type, bind(c) :: sprat_reduction
    integer(c_size_t) :: size = 64
    type(c_ptr) :: name = c_null_ptr
    type(c_funptr) :: map = c_null_funptr, combine = c_null_funptr
    integer(c_size_t) :: params_size = 0, elements = 0, grain = 0, result_size = 0
  end type

  abstract interface
    subroutine sprat_body(scope, params, views, count) bind(c)
      import :: c_ptr, c_size_t, sprat_view
      type(c_ptr), value :: scope, params
      integer(c_size_t), value :: count
      type(sprat_view), intent(in) :: views(count)
    end subroutine
    subroutine sprat_scope_body(scope, argument) bind(c)
      import :: c_ptr
      type(c_ptr), value :: scope, argument
    end subroutine
    function sprat_done(round, argument) bind(c)
      import :: c_ptr, c_size_t, c_int32_t
      integer(c_size_t), value :: round
      type(c_ptr), value :: argument
      integer(c_int32_t) :: sprat_done
    end function
    subroutine sprat_round_body(scope, round, argument) bind(c)
      import :: c_ptr, sprat_round
      type(c_ptr), value :: scope, argument
      type(sprat_round), value :: round
    end subroutine
    function sprat_chunk(params, begin, end, views, count) bind(c)
      import :: c_ptr, c_size_t, c_int32_t, sprat_view
      type(c_ptr), value :: params
      integer(c_size_t), value :: begin, end, count
      type(sprat_view), intent(in) :: views(count)
      integer(c_int32_t) :: sprat_chunk
    end function
    function sprat_map(params, begin, end, views, count, result) bind(c)
      import :: c_ptr, c_size_t, c_int32_t, sprat_view
      type(c_ptr), value :: params, result
      integer(c_size_t), value :: begin, end, count
      type(sprat_view), intent(in) :: views(count)
      integer(c_int32_t) :: sprat_map
    end function
    function sprat_combine(params, result, next) bind(c)
      import :: c_ptr, c_int32_t
      type(c_ptr), value :: params, result, next
      integer(c_int32_t) :: sprat_combine
    end function
    subroutine sprat_neutral(into, bytes) bind(c)
      import :: c_ptr, c_size_t
      type(c_ptr), value :: into
      integer(c_size_t), value :: bytes
    end subroutine
    subroutine sprat_merge(into, from, bytes) bind(c)
      import :: c_ptr, c_size_t
      type(c_ptr), value :: into, from
      integer(c_size_t), value :: bytes
    end subroutine
    function sprat_poll(argument) bind(c)
      import :: c_ptr, c_int32_t
      type(c_ptr), value :: argument
      integer(c_int32_t) :: sprat_poll
    end function
  end interface

  interface
    function sprat_version() bind(c)
      import :: c_int32_t
      integer(c_int32_t) :: sprat_version
    end function

    function sprat_runtime_create(config, runtime) bind(c)
      import :: c_ptr, c_int32_t, sprat_config
      type(sprat_config), intent(in), optional :: config
      type(c_ptr), intent(out) :: runtime
      integer(c_int32_t) :: sprat_runtime_create
    end function
    function sprat_runtime_destroy(runtime) bind(c)
      import :: c_ptr, c_int32_t
      type(c_ptr), value :: runtime
      integer(c_int32_t) :: sprat_runtime_destroy
    end function
    function sprat_suspend(runtime) bind(c)
      import :: c_ptr, c_int32_t
      type(c_ptr), value :: runtime
      integer(c_int32_t) :: sprat_suspend
    end function
    function sprat_resume(runtime) bind(c)
      import :: c_ptr, c_int32_t
      type(c_ptr), value :: runtime
      integer(c_int32_t) :: sprat_resume
    end function
    function sprat_set_xes(runtime, xes) bind(c)
      import :: c_ptr, c_size_t, c_int32_t
      type(c_ptr), value :: runtime
      integer(c_size_t), value :: xes
      integer(c_int32_t) :: sprat_set_xes
    end function
    function sprat_set_policy(runtime, policy) bind(c)
      import :: c_ptr, c_int32_t
      type(c_ptr), value :: runtime
      integer(c_int32_t), value :: policy
      integer(c_int32_t) :: sprat_set_policy
    end function
    function sprat_policy_get(runtime, policy) bind(c)
      import :: c_ptr, c_int32_t
      type(c_ptr), value :: runtime
      integer(c_int32_t), intent(out) :: policy
      integer(c_int32_t) :: sprat_policy_get
    end function
    function sprat_machine_get(runtime, machine) bind(c)
      import :: c_ptr, c_int32_t, sprat_machine
      type(c_ptr), value :: runtime
      type(sprat_machine), intent(inout) :: machine
      integer(c_int32_t) :: sprat_machine_get
    end function

    function sprat_block_create(runtime, count, element_size, block) bind(c)
      import :: c_ptr, c_size_t, c_int32_t, sprat_block
      type(c_ptr), value :: runtime
      integer(c_size_t), value :: count, element_size
      type(sprat_block), intent(out) :: block
      integer(c_int32_t) :: sprat_block_create
    end function
    function sprat_blocks_create(runtime, block_count, count, element_size, blocks) bind(c)
      import :: c_ptr, c_size_t, c_int32_t, sprat_block
      type(c_ptr), value :: runtime
      integer(c_size_t), value :: block_count, count, element_size
      type(sprat_block), intent(out) :: blocks(block_count)
      integer(c_int32_t) :: sprat_blocks_create
    end function
    function sprat_block_read(runtime, block, offset, into, bytes) bind(c)
      import :: c_ptr, c_size_t, c_int32_t, sprat_block
      type(c_ptr), value :: runtime, into
      type(sprat_block), value :: block
      integer(c_size_t), value :: offset, bytes
      integer(c_int32_t) :: sprat_block_read
    end function
    function sprat_block_write(runtime, block, offset, from, bytes) bind(c)
      import :: c_ptr, c_size_t, c_int32_t, sprat_block
      type(c_ptr), value :: runtime, from
      type(sprat_block), value :: block
      integer(c_size_t), value :: offset, bytes
      integer(c_int32_t) :: sprat_block_write
    end function
    function sprat_block_destroy(runtime, block) bind(c)
      import :: c_ptr, c_int32_t, sprat_block
      type(c_ptr), value :: runtime
      type(sprat_block), value :: block
      integer(c_int32_t) :: sprat_block_destroy
    end function
    function sprat_block_create_in(scope, count, element_size, block) bind(c)
      import :: c_ptr, c_size_t, c_int32_t, sprat_block
      type(c_ptr), value :: scope
      integer(c_size_t), value :: count, element_size
      type(sprat_block), intent(out) :: block
      integer(c_int32_t) :: sprat_block_create_in
    end function
    function sprat_block_destroy_in(scope, block) bind(c)
      import :: c_ptr, c_int32_t, sprat_block
      type(c_ptr), value :: scope
      type(sprat_block), value :: block
      integer(c_int32_t) :: sprat_block_destroy_in
    end function
    function sprat_adopt(scope, data, count, element_size, block) bind(c)
      import :: c_ptr, c_size_t, c_int32_t, sprat_block
      type(c_ptr), value :: scope, data
      integer(c_size_t), value :: count, element_size
      type(sprat_block), intent(out) :: block
      integer(c_int32_t) :: sprat_adopt
    end function

    function sprat_blocks_create_at(runtime, home, block_count, count, element_size, blocks) bind(c)
      import :: c_ptr, c_size_t, c_int32_t, sprat_block, sprat_home
      type(c_ptr), value :: runtime
      type(sprat_home), value :: home
      integer(c_size_t), value :: block_count, count, element_size
      type(sprat_block), intent(out) :: blocks(block_count)
      integer(c_int32_t) :: sprat_blocks_create_at
    end function
    function sprat_block_create_at_in(scope, home, count, element_size, block) bind(c)
      import :: c_ptr, c_size_t, c_int32_t, sprat_block, sprat_home
      type(c_ptr), value :: scope
      type(sprat_home), value :: home
      integer(c_size_t), value :: count, element_size
      type(sprat_block), intent(out) :: block
      integer(c_int32_t) :: sprat_block_create_at_in
    end function
    function sprat_block_region(runtime, block, region) bind(c)
      import :: c_ptr, c_int32_t, sprat_block
      type(c_ptr), value :: runtime
      type(sprat_block), value :: block
      integer(c_int32_t), intent(out) :: region
      integer(c_int32_t) :: sprat_block_region
    end function
    function sprat_migrate(scope, block, home, ended) bind(c)
      import :: c_ptr, c_int32_t, sprat_block, sprat_home, sprat_event
      type(c_ptr), value :: scope
      type(sprat_block), value :: block
      type(sprat_home), value :: home
      type(sprat_event), intent(out), optional :: ended
      integer(c_int32_t) :: sprat_migrate
    end function
    function sprat_migrate_group(scope, blocks, block_count, home, ended) bind(c)
      import :: c_ptr, c_size_t, c_int32_t, sprat_block, sprat_home, sprat_event
      type(c_ptr), value :: scope
      integer(c_size_t), value :: block_count
      type(sprat_block), intent(in) :: blocks(block_count)
      type(sprat_home), value :: home
      type(sprat_event), intent(out), optional :: ended
      integer(c_int32_t) :: sprat_migrate_group
    end function
    function sprat_replicate(scope, block, ended) bind(c)
      import :: c_ptr, c_int32_t, sprat_block, sprat_event
      type(c_ptr), value :: scope
      type(sprat_block), value :: block
      type(sprat_event), intent(out), optional :: ended
      integer(c_int32_t) :: sprat_replicate
    end function
    function sprat_channel_next(channel, event) bind(c)
      import :: c_int32_t, sprat_channel, sprat_event
      type(sprat_channel), value :: channel
      type(sprat_event), intent(out) :: event
      integer(c_int32_t) :: sprat_channel_next
    end function
    function sprat_channel_satisfy(channel) bind(c)
      import :: c_int32_t, sprat_channel
      type(sprat_channel), value :: channel
      integer(c_int32_t) :: sprat_channel_satisfy
    end function
    function sprat_channel_destroy(channel) bind(c)
      import :: c_int32_t, sprat_channel
      type(sprat_channel), value :: channel
      integer(c_int32_t) :: sprat_channel_destroy
    end function
    function sprat_memory_get(runtime, memory) bind(c)
      import :: c_ptr, c_int32_t, sprat_memory
      type(c_ptr), value :: runtime
      type(sprat_memory), intent(inout) :: memory
      integer(c_int32_t) :: sprat_memory_get
    end function

    function sprat_codelet_define(definition, codelet) bind(c)
      import :: c_int32_t, sprat_definition, sprat_codelet
      type(sprat_definition), intent(in) :: definition
      type(sprat_codelet), intent(out) :: codelet
      integer(c_int32_t) :: sprat_codelet_define
    end function
    function sprat_finish(runtime, body, argument) bind(c)
      import :: c_ptr, c_int32_t, sprat_scope_body
      type(c_ptr), value :: runtime, argument
      procedure(sprat_scope_body) :: body
      integer(c_int32_t) :: sprat_finish
    end function
    function sprat_finish_within(runtime, limit_seconds, body, argument) bind(c)
      import :: c_ptr, c_double, c_int32_t, sprat_scope_body
      type(c_ptr), value :: runtime, argument
      real(c_double), value :: limit_seconds
      procedure(sprat_scope_body) :: body
      integer(c_int32_t) :: sprat_finish_within
    end function
    function sprat_spawn(scope, codelet, params, accesses, count, options, ended) bind(c)
      import :: c_ptr, c_size_t, c_int32_t, sprat_codelet, sprat_access, sprat_options, sprat_event
      type(c_ptr), value :: scope, params
      type(sprat_codelet), value :: codelet
      integer(c_size_t), value :: count
      type(sprat_access), intent(in) :: accesses(count)
      type(sprat_options), intent(in), optional :: options
      type(sprat_event), intent(out), optional :: ended
      integer(c_int32_t) :: sprat_spawn
    end function
    function sprat_scope_open(scope, body, argument, ended) bind(c)
      import :: c_ptr, c_int32_t, sprat_scope_body, sprat_event
      type(c_ptr), value :: scope, argument
      procedure(sprat_scope_body) :: body
      type(sprat_event), intent(out), optional :: ended
      integer(c_int32_t) :: sprat_scope_open
    end function
    function sprat_group_create(runtime, group) bind(c)
      import :: c_ptr, c_int32_t, sprat_group
      type(c_ptr), value :: runtime
      type(sprat_group), intent(out) :: group
      integer(c_int32_t) :: sprat_group_create
    end function

    function sprat_event_satisfy(event) bind(c)
      import :: c_int32_t, sprat_event
      type(sprat_event), value :: event
      integer(c_int32_t) :: sprat_event_satisfy
    end function
    function sprat_event_after(runtime, after_seconds, event) bind(c)
      import :: c_ptr, c_double, c_int32_t, sprat_event
      type(c_ptr), value :: runtime
      real(c_double), value :: after_seconds
      type(sprat_event), intent(out) :: event
      integer(c_int32_t) :: sprat_event_after
    end function
    function sprat_event_destroy(event) bind(c)
      import :: c_int32_t, sprat_event
      type(sprat_event), value :: event
      integer(c_int32_t) :: sprat_event_destroy
    end function
    function sprat_latch_up(event) bind(c)
      import :: c_int32_t, sprat_event
      type(sprat_event), value :: event
      integer(c_int32_t) :: sprat_latch_up
    end function
    function sprat_latch_down(event) bind(c)
      import :: c_int32_t, sprat_event
      type(sprat_event), value :: event
      integer(c_int32_t) :: sprat_latch_down
    end function
    function sprat_is_cancelled(scope) bind(c)
      import :: c_ptr, c_int32_t
      type(c_ptr), value :: scope
      integer(c_int32_t) :: sprat_is_cancelled
    end function

    function sprat_record(runtime, body, argument, graph) bind(c)
      import :: c_ptr, c_int32_t, sprat_scope_body
      type(c_ptr), value :: runtime, argument
      procedure(sprat_scope_body) :: body
      type(c_ptr), intent(out) :: graph
      integer(c_int32_t) :: sprat_record
    end function
    function sprat_replay(runtime, graph, rounds) bind(c)
      import :: c_ptr, c_size_t, c_int32_t
      type(c_ptr), value :: runtime, graph
      integer(c_size_t), value :: rounds
      integer(c_int32_t) :: sprat_replay
    end function
    function sprat_replay_until(runtime, graph, done, argument) bind(c)
      import :: c_ptr, c_int32_t, sprat_done
      type(c_ptr), value :: runtime, graph, argument
      procedure(sprat_done) :: done
      integer(c_int32_t) :: sprat_replay_until
    end function
    function sprat_graph_codelets(graph, codelets) bind(c)
      import :: c_ptr, c_size_t, c_int32_t
      type(c_ptr), value :: graph
      integer(c_size_t), intent(out) :: codelets
      integer(c_int32_t) :: sprat_graph_codelets
    end function
    function sprat_graph_destroy(graph) bind(c)
      import :: c_ptr, c_int32_t
      type(c_ptr), value :: graph
      integer(c_int32_t) :: sprat_graph_destroy
    end function
    function sprat_replay_within(runtime, limit_seconds, graph, rounds) bind(c)
      import :: c_ptr, c_double, c_size_t, c_int32_t
      type(c_ptr), value :: runtime
      real(c_double), value :: limit_seconds
      type(c_ptr), value :: graph
      integer(c_size_t), value :: rounds
      integer(c_int32_t) :: sprat_replay_within
    end function
    function sprat_record_with(runtime, argument_size, body, argument, graph) bind(c)
      import :: c_ptr, c_size_t, sprat_round_body, c_int32_t
      type(c_ptr), value :: runtime
      integer(c_size_t), value :: argument_size
      procedure(sprat_round_body) :: body
      type(c_ptr), value :: argument
      type(c_ptr), intent(out) :: graph
      integer(c_int32_t) :: sprat_record_with
    end function
    function sprat_replay_with(runtime, graph, rounds, arguments) bind(c)
      import :: c_ptr, c_size_t, c_int32_t
      type(c_ptr), value :: runtime
      type(c_ptr), value :: graph
      integer(c_size_t), value :: rounds
      type(c_ptr), value :: arguments
      integer(c_int32_t) :: sprat_replay_with
    end function
    function sprat_graph_owners(graph, owners, room) bind(c)
      import :: c_ptr, c_size_t, c_int32_t
      type(c_ptr), value :: graph
      integer(c_size_t), value :: room
      integer(c_size_t), intent(out) :: owners(room)
      integer(c_int32_t) :: sprat_graph_owners
    end function
    function sprat_release(scope, view) bind(c)
      import :: c_ptr, sprat_view, c_int32_t
      type(c_ptr), value :: scope
      type(sprat_view), intent(in) :: view
      integer(c_int32_t) :: sprat_release
    end function
    function sprat_codelet_alternate(codelet, needs, body, with) bind(c)
      import :: sprat_codelet, c_int32_t, sprat_body
      type(sprat_codelet), value :: codelet
      integer(c_int32_t), value :: needs
      procedure(sprat_body) :: body
      type(sprat_codelet), intent(out) :: with
      integer(c_int32_t) :: sprat_codelet_alternate
    end function
    function sprat_alternate_get(runtime, codelet, xe, which, alternate) bind(c)
      import :: c_ptr, sprat_codelet, c_size_t, sprat_alternate, c_int32_t
      type(c_ptr), value :: runtime
      type(sprat_codelet), value :: codelet
      integer(c_size_t), value :: xe
      integer(c_size_t), value :: which
      type(sprat_alternate), intent(inout) :: alternate
      integer(c_int32_t) :: sprat_alternate_get
    end function
    function sprat_operator_define(neutral, merge, defined) bind(c)
      import :: sprat_neutral, sprat_merge, c_int32_t
      procedure(sprat_neutral) :: neutral
      procedure(sprat_merge) :: merge
      integer(c_int32_t), intent(out) :: defined
      integer(c_int32_t) :: sprat_operator_define
    end function
    function sprat_latch_count(event, left) bind(c)
      import :: sprat_event, c_int64_t, c_int32_t
      type(sprat_event), value :: event
      integer(c_int64_t), intent(out) :: left
      integer(c_int32_t) :: sprat_latch_count
    end function
    function sprat_canceller_create(scope, canceller) bind(c)
      import :: c_ptr, sprat_canceller, c_int32_t
      type(c_ptr), value :: scope
      type(sprat_canceller), intent(out) :: canceller
      integer(c_int32_t) :: sprat_canceller_create
    end function
    function sprat_canceller_destroy(canceller) bind(c)
      import :: sprat_canceller, c_int32_t
      type(sprat_canceller), value :: canceller
      integer(c_int32_t) :: sprat_canceller_destroy
    end function
    function sprat_for_each(scope, what, params, accesses, count, options, ended) bind(c)
      import :: c_ptr, sprat_loop, sprat_access, c_size_t, sprat_options, sprat_event, c_int32_t
      type(c_ptr), value :: scope
      type(sprat_loop), intent(in) :: what
      type(c_ptr), value :: params
      integer(c_size_t), value :: count
      type(sprat_access), intent(in) :: accesses(count)
      type(sprat_options), intent(in), optional :: options
      type(sprat_event), intent(out), optional :: ended
      integer(c_int32_t) :: sprat_for_each
    end function
    function sprat_map_reduce(scope, what, params, accesses, count, result, options, ended) bind(c)
      import :: c_ptr, sprat_reduction, sprat_access, c_size_t, sprat_block, sprat_options, sprat_event, c_int32_t
      type(c_ptr), value :: scope
      type(sprat_reduction), intent(in) :: what
      type(c_ptr), value :: params
      integer(c_size_t), value :: count
      type(sprat_access), intent(in) :: accesses(count)
      type(sprat_block), value :: result
      type(sprat_options), intent(in), optional :: options
      type(sprat_event), intent(out), optional :: ended
      integer(c_int32_t) :: sprat_map_reduce
    end function
    function sprat_distance(runtime, from, to, distance) bind(c)
      import :: c_ptr, c_size_t, c_int32_t
      type(c_ptr), value :: runtime
      integer(c_size_t), value :: from
      integer(c_size_t), value :: to
      integer(c_int32_t), intent(out) :: distance
      integer(c_int32_t) :: sprat_distance
    end function
    function sprat_usage_get(runtime, usage) bind(c)
      import :: c_ptr, sprat_usage, c_int32_t
      type(c_ptr), value :: runtime
      type(sprat_usage), intent(inout) :: usage
      integer(c_int32_t) :: sprat_usage_get
    end function
    function sprat_moves_get(runtime, moves) bind(c)
      import :: c_ptr, sprat_moves, c_int32_t
      type(c_ptr), value :: runtime
      type(sprat_moves), intent(inout) :: moves
      integer(c_int32_t) :: sprat_moves_get
    end function
    function sprat_trace_end(scope) bind(c)
      import :: c_ptr, c_int32_t
      type(c_ptr), value :: scope
      integer(c_int32_t) :: sprat_trace_end
    end function
    function sprat_xe_get(runtime, which, xe) bind(c)
      import :: c_ptr, c_size_t, sprat_xe, c_int32_t
      type(c_ptr), value :: runtime
      integer(c_size_t), value :: which
      type(sprat_xe), intent(inout) :: xe
      integer(c_int32_t) :: sprat_xe_get
    end function
    function sprat_ce_get(runtime, which, ce) bind(c)
      import :: c_ptr, c_size_t, sprat_ce, c_int32_t
      type(c_ptr), value :: runtime
      integer(c_size_t), value :: which
      type(sprat_ce), intent(inout) :: ce
      integer(c_int32_t) :: sprat_ce_get
    end function
    function sprat_core_get(runtime, which, core) bind(c)
      import :: c_ptr, c_size_t, sprat_core, c_int32_t
      type(c_ptr), value :: runtime
      integer(c_size_t), value :: which
      type(sprat_core), intent(inout) :: core
      integer(c_int32_t) :: sprat_core_get
    end function
    function sprat_cache_group_get(runtime, which, group) bind(c)
      import :: c_ptr, c_size_t, sprat_cache_group, c_int32_t
      type(c_ptr), value :: runtime
      integer(c_size_t), value :: which
      type(sprat_cache_group), intent(inout) :: group
      integer(c_int32_t) :: sprat_cache_group_get
    end function
    function sprat_region_get(runtime, which, region) bind(c)
      import :: c_ptr, c_size_t, sprat_region, c_int32_t
      type(c_ptr), value :: runtime
      integer(c_size_t), value :: which
      type(sprat_region), intent(inout) :: region
      integer(c_int32_t) :: sprat_region_get
    end function
    function sprat_error_details(error) bind(c)
      import :: c_int32_t, sprat_error
      type(sprat_error), intent(inout) :: error
      integer(c_int32_t) :: sprat_error_details
    end function
  end interface

  ! A view as an array of what the block's elements are.
  interface sprat_array
    module procedure array_f32, array_f64, array_i32, array_i64
  end interface

  private :: array_f32, array_f64, array_i32, array_i64, copied, text_at

contains

  ! Accesses to whole blocks, and the others of sprat.h.

  pure function sprat_use(block, mode) result(access)
    type(sprat_block), intent(in) :: block
    integer(c_int32_t), intent(in) :: mode
    type(sprat_access) :: access
    access%block = block
    access%mode = mode
  end function

  pure function sprat_read(block) result(access)
    type(sprat_block), intent(in) :: block
    type(sprat_access) :: access
    access = sprat_use(block, SPRAT_MODE_READ)
  end function

  pure function sprat_write(block) result(access)
    type(sprat_block), intent(in) :: block
    type(sprat_access) :: access
    access = sprat_use(block, SPRAT_MODE_WRITE)
  end function

  pure function sprat_read_write(block) result(access)
    type(sprat_block), intent(in) :: block
    type(sprat_access) :: access
    access = sprat_use(block, SPRAT_MODE_READ_WRITE)
  end function

  pure function sprat_commute(block) result(access)
    type(sprat_block), intent(in) :: block
    type(sprat_access) :: access
    access = sprat_use(block, SPRAT_MODE_COMMUTE)
  end function

  pure function sprat_reduce(block, reduce_operator, reduce_type) result(access)
    type(sprat_block), intent(in) :: block
    integer(c_int32_t), intent(in) :: reduce_operator, reduce_type
    type(sprat_access) :: access
    access = sprat_use(block, SPRAT_MODE_REDUCE)
    access%reduce_operator = reduce_operator
    access%reduce_type = reduce_type
  end function

  ! Elements first to last, counted from 1, both included, as Fortran has them.
  pure function sprat_part(block, mode, element_size, first, last) result(access)
    type(sprat_block), intent(in) :: block
    integer(c_int32_t), intent(in) :: mode, element_size
    integer(c_size_t), intent(in) :: first, last
    type(sprat_access) :: access
    access = sprat_use(block, mode)
    access%element_size = element_size
    access%column_begin = first - 1
    access%column_end = last
  end function

  ! Rows and columns, counted from 1, both ends included, of a matrix in column-major order with so many rows in memory: to Sprat, which
  ! counts the other way, rows are columns.
  pure function sprat_tile(block, mode, element_size, rows, columns, leading_dimension) result(access)
    type(sprat_block), intent(in) :: block
    integer(c_int32_t), intent(in) :: mode, element_size
    integer(c_size_t), intent(in) :: rows(2), columns(2), leading_dimension
    type(sprat_access) :: access
    access = sprat_use(block, mode)
    access%element_size = element_size
    access%row_begin = columns(1) - 1
    access%row_end = columns(2)
    access%column_begin = rows(1) - 1
    access%column_end = rows(2)
    access%leading_dimension = leading_dimension
  end function

  ! The argument of the round, in a graph of sprat_record_with.
  pure function sprat_argument_of(round) result(access)
    type(sprat_round), intent(in) :: round
    type(sprat_access) :: access
    access = sprat_use(sprat_block(round%id), SPRAT_MODE_ROUND)
  end function

  pure function sprat_scratch(bytes) result(access)
    integer(c_size_t), intent(in) :: bytes
    type(sprat_access) :: access
    access%mode = SPRAT_MODE_SCRATCH
    access%column_end = bytes
  end function

  ! Homes: a region, near another block; the others have no more than their kind.
  pure function sprat_home_region(region) result(home)
    integer(c_int32_t), intent(in) :: region
    type(sprat_home) :: home
    home%kind = SPRAT_HOME_REGION_OF
    home%region = region
  end function

  pure function sprat_home_near(block) result(home)
    type(sprat_block), intent(in) :: block
    type(sprat_home) :: home
    home%kind = SPRAT_HOME_NEAR_TO
    home%near_block = block
  end function

  ! Defines a codelet: name, body, bytes of its parameters (0 unless said otherwise), modes (any unless said).
  function sprat_define(name, body, params_size, modes, codelet) result(status)
    character(*), intent(in) :: name
    procedure(sprat_body) :: body
    integer(c_size_t), intent(in), optional :: params_size
    integer(c_int32_t), intent(in), optional, target :: modes(:)
    type(sprat_codelet), intent(out) :: codelet
    integer(c_int32_t) :: status
    type(sprat_definition) :: definition
    character(kind=c_char), target :: text(len_trim(name) + 1)
    integer(c_int32_t), allocatable, target :: list(:)
    text = copied(name)
    definition%name = c_loc(text)
    definition%body = c_funloc(body)
    if (present(params_size)) definition%params_size = params_size
    if (present(modes)) then
      list = modes
      definition%mode_count = size(list, kind=c_size_t)
      if (size(list) > 0) definition%modes = c_loc(list)
    end if
    status = sprat_codelet_define(definition, codelet)
  end function

  ! A loop over accesses of so many elements each, and a reduction over them into a block of so many bytes.
  function sprat_loop_over(scope, name, body, elements, accesses, params, params_size, grain, options, &
      ended) result(status)
    type(c_ptr), intent(in) :: scope
    character(*), intent(in) :: name
    procedure(sprat_chunk) :: body
    integer(c_size_t), intent(in) :: elements
    type(sprat_access), intent(in) :: accesses(:)
    type(c_ptr), intent(in), optional :: params
    integer(c_size_t), intent(in), optional :: params_size, grain
    type(sprat_options), intent(in), optional :: options
    type(sprat_event), intent(out), optional :: ended
    integer(c_int32_t) :: status
    type(sprat_loop) :: what
    type(c_ptr) :: given
    character(kind=c_char), target :: text(len_trim(name) + 1)
    text = copied(name)
    what%name = c_loc(text)
    what%body = c_funloc(body)
    what%elements = elements
    given = c_null_ptr
    if (present(params)) given = params
    if (present(params_size)) what%params_size = params_size
    if (present(grain)) what%grain = grain
    status = sprat_for_each(scope, what, given, accesses, size(accesses, kind=c_size_t), options, ended)
  end function

  function sprat_reduce_over(scope, name, map, combine, elements, accesses, result, result_size, params, &
      params_size, grain, options, ended) result(status)
    type(c_ptr), intent(in) :: scope
    character(*), intent(in) :: name
    procedure(sprat_map) :: map
    procedure(sprat_combine) :: combine
    integer(c_size_t), intent(in) :: elements
    type(sprat_access), intent(in) :: accesses(:)
    type(sprat_block), intent(in) :: result
    integer(c_size_t), intent(in) :: result_size
    type(c_ptr), intent(in), optional :: params
    integer(c_size_t), intent(in), optional :: params_size, grain
    type(sprat_options), intent(in), optional :: options
    type(sprat_event), intent(out), optional :: ended
    integer(c_int32_t) :: status
    type(sprat_reduction) :: what
    type(c_ptr) :: given
    character(kind=c_char), target :: text(len_trim(name) + 1)
    text = copied(name)
    what%name = c_loc(text)
    what%map = c_funloc(map)
    what%combine = c_funloc(combine)
    what%elements = elements
    what%result_size = result_size
    given = c_null_ptr
    if (present(params)) given = params
    if (present(params_size)) what%params_size = params_size
    if (present(grain)) what%grain = grain
    status = sprat_map_reduce(scope, what, given, accesses, size(accesses, kind=c_size_t), result, options, ended)
  end function

  function sprat_fail(scope, message) result(status)
    type(c_ptr), intent(in) :: scope
    character(*), intent(in) :: message
    integer(c_int32_t) :: status
    interface
      function c_fail(scope, message) bind(c, name="sprat_fail")
        import :: c_ptr, c_char, c_int32_t
        type(c_ptr), value :: scope
        character(kind=c_char), intent(in) :: message(*)
        integer(c_int32_t) :: c_fail
      end function
    end interface
    status = c_fail(scope, copied(message))
  end function

  function sprat_cancel(scope, reason) result(status)
    type(c_ptr), intent(in) :: scope
    character(*), intent(in) :: reason
    integer(c_int32_t) :: status
    interface
      function c_cancel(scope, reason) bind(c, name="sprat_cancel")
        import :: c_ptr, c_char, c_int32_t
        type(c_ptr), value :: scope
        character(kind=c_char), intent(in) :: reason(*)
        integer(c_int32_t) :: c_cancel
      end function
    end interface
    status = c_cancel(scope, copied(reason))
  end function

  function sprat_block_name(runtime, block, name) result(status)
    type(c_ptr), intent(in) :: runtime
    type(sprat_block), intent(in) :: block
    character(*), intent(in) :: name
    integer(c_int32_t) :: status
    interface
      function c_block_name(runtime, block, name) bind(c, name="sprat_block_name")
        import :: c_ptr, c_char, c_int32_t, sprat_block
        type(c_ptr), value :: runtime
        type(sprat_block), value :: block
        character(kind=c_char), intent(in) :: name(*)
        integer(c_int32_t) :: c_block_name
      end function
    end interface
    status = c_block_name(runtime, block, copied(name))
  end function

  function sprat_event_create(runtime, name, event) result(status)
    type(c_ptr), intent(in) :: runtime
    character(*), intent(in) :: name
    type(sprat_event), intent(out) :: event
    integer(c_int32_t) :: status
    interface
      function c_event_create(runtime, name, event) bind(c, name="sprat_event_create")
        import :: c_ptr, c_char, c_int32_t, sprat_event
        type(c_ptr), value :: runtime
        character(kind=c_char), intent(in) :: name(*)
        type(sprat_event), intent(out) :: event
        integer(c_int32_t) :: c_event_create
      end function
    end interface
    status = c_event_create(runtime, copied(name), event)
  end function

  function sprat_event_poll(runtime, name, poll, argument, event) result(status)
    type(c_ptr), value :: runtime, argument
    character(*), intent(in) :: name
    procedure(sprat_poll) :: poll
    type(sprat_event), intent(out) :: event
    integer(c_int32_t) :: status
    interface
      function c_event_poll(runtime, name, poll, argument, event) bind(c, name="sprat_event_poll")
        import :: c_ptr, c_char, c_int32_t, sprat_event, sprat_poll
        type(c_ptr), value :: runtime, argument
        character(kind=c_char), intent(in) :: name(*)
        procedure(sprat_poll) :: poll
        type(sprat_event), intent(out) :: event
        integer(c_int32_t) :: c_event_poll
      end function
    end interface
    status = c_event_poll(runtime, copied(name), poll, argument, event)
  end function

  function sprat_channel_create(runtime, name, bound, channel) result(status)
    type(c_ptr), intent(in) :: runtime
    character(*), intent(in) :: name
    integer(c_size_t), intent(in) :: bound
    type(sprat_channel), intent(out) :: channel
    integer(c_int32_t) :: status
    interface
      function c_channel_create(runtime, name, bound, channel) bind(c, name="sprat_channel_create")
        import :: c_ptr, c_char, c_size_t, c_int32_t, sprat_channel
        type(c_ptr), value :: runtime
        character(kind=c_char), intent(in) :: name(*)
        integer(c_size_t), value :: bound
        type(sprat_channel), intent(out) :: channel
        integer(c_int32_t) :: c_channel_create
      end function
    end interface
    status = c_channel_create(runtime, copied(name), bound, channel)
  end function

  function sprat_graph_cancel(graph, reason) result(status)
    type(c_ptr), intent(in) :: graph
    character(*), intent(in) :: reason
    integer(c_int32_t) :: status
    interface
      function c_graph_cancel(graph, reason) bind(c, name="sprat_graph_cancel")
        import :: c_ptr, c_char, c_int32_t
        type(c_ptr), value :: graph
        character(kind=c_char), intent(in) :: reason(*)
        integer(c_int32_t) :: c_graph_cancel
      end function
    end interface
    status = c_graph_cancel(graph, copied(reason))
  end function

  function sprat_canceller_cancel(canceller, reason) result(status)
    type(sprat_canceller), intent(in) :: canceller
    character(*), intent(in) :: reason
    integer(c_int32_t) :: status
    interface
      function c_canceller_cancel(canceller, reason) bind(c, name="sprat_canceller_cancel")
        import :: sprat_canceller, c_char, c_int32_t
        type(sprat_canceller), value :: canceller
        character(kind=c_char), intent(in) :: reason(*)
        integer(c_int32_t) :: c_canceller_cancel
      end function
    end interface
    status = c_canceller_cancel(canceller, copied(reason))
  end function

  function sprat_chunk_fail(message) result(status)
    character(*), intent(in) :: message
    integer(c_int32_t) :: status
    interface
      function c_chunk_fail(message) bind(c, name="sprat_chunk_fail")
        import :: c_char, c_int32_t
        character(kind=c_char), intent(in) :: message(*)
        integer(c_int32_t) :: c_chunk_fail
      end function
    end interface
    status = c_chunk_fail(copied(message))
  end function

  function sprat_event_create_in(scope, name, event) result(status)
    type(c_ptr), intent(in) :: scope
    character(*), intent(in) :: name
    type(sprat_event), intent(out) :: event
    integer(c_int32_t) :: status
    interface
      function c_event_create_in(scope, name, event) bind(c, name="sprat_event_create_in")
        import :: c_ptr, c_char, sprat_event, c_int32_t
        type(c_ptr), value :: scope
        character(kind=c_char), intent(in) :: name(*)
        type(sprat_event), intent(out) :: event
        integer(c_int32_t) :: c_event_create_in
      end function
    end interface
    status = c_event_create_in(scope, copied(name), event)
  end function

  function sprat_event_create_shared(runtime, name, event) result(status)
    type(c_ptr), intent(in) :: runtime
    character(*), intent(in) :: name
    type(sprat_event), intent(out) :: event
    integer(c_int32_t) :: status
    interface
      function c_event_create_shared(runtime, name, event) bind(c, name="sprat_event_create_shared")
        import :: c_ptr, c_char, sprat_event, c_int32_t
        type(c_ptr), value :: runtime
        character(kind=c_char), intent(in) :: name(*)
        type(sprat_event), intent(out) :: event
        integer(c_int32_t) :: c_event_create_shared
      end function
    end interface
    status = c_event_create_shared(runtime, copied(name), event)
  end function

  function sprat_event_create_shared_in(scope, name, event) result(status)
    type(c_ptr), intent(in) :: scope
    character(*), intent(in) :: name
    type(sprat_event), intent(out) :: event
    integer(c_int32_t) :: status
    interface
      function c_event_create_shared_in(scope, name, event) bind(c, name="sprat_event_create_shared_in")
        import :: c_ptr, c_char, sprat_event, c_int32_t
        type(c_ptr), value :: scope
        character(kind=c_char), intent(in) :: name(*)
        type(sprat_event), intent(out) :: event
        integer(c_int32_t) :: c_event_create_shared_in
      end function
    end interface
    status = c_event_create_shared_in(scope, copied(name), event)
  end function

  function sprat_event_poll_in(scope, name, poll, argument, event) result(status)
    type(c_ptr), intent(in) :: scope
    character(*), intent(in) :: name
    procedure(sprat_poll) :: poll
    type(c_ptr), intent(in) :: argument
    type(sprat_event), intent(out) :: event
    integer(c_int32_t) :: status
    interface
      function c_event_poll_in(scope, name, poll, argument, event) bind(c, name="sprat_event_poll_in")
        import :: c_ptr, c_char, sprat_poll, sprat_event, c_int32_t
        type(c_ptr), value :: scope
        character(kind=c_char), intent(in) :: name(*)
        procedure(sprat_poll) :: poll
        type(c_ptr), value :: argument
        type(sprat_event), intent(out) :: event
        integer(c_int32_t) :: c_event_poll_in
      end function
    end interface
    status = c_event_poll_in(scope, copied(name), poll, argument, event)
  end function

  function sprat_latch_create_in(scope, name, count, event) result(status)
    type(c_ptr), intent(in) :: scope
    character(*), intent(in) :: name
    integer(c_int32_t), intent(in) :: count
    type(sprat_event), intent(out) :: event
    integer(c_int32_t) :: status
    interface
      function c_latch_create_in(scope, name, count, event) bind(c, name="sprat_latch_create_in")
        import :: c_ptr, c_char, c_int32_t, sprat_event
        type(c_ptr), value :: scope
        character(kind=c_char), intent(in) :: name(*)
        integer(c_int32_t), value :: count
        type(sprat_event), intent(out) :: event
        integer(c_int32_t) :: c_latch_create_in
      end function
    end interface
    status = c_latch_create_in(scope, copied(name), count, event)
  end function

  function sprat_channel_create_in(scope, name, bound, channel) result(status)
    type(c_ptr), intent(in) :: scope
    character(*), intent(in) :: name
    integer(c_size_t), intent(in) :: bound
    type(sprat_channel), intent(out) :: channel
    integer(c_int32_t) :: status
    interface
      function c_channel_create_in(scope, name, bound, channel) bind(c, name="sprat_channel_create_in")
        import :: c_ptr, c_char, c_size_t, sprat_channel, c_int32_t
        type(c_ptr), value :: scope
        character(kind=c_char), intent(in) :: name(*)
        integer(c_size_t), value :: bound
        type(sprat_channel), intent(out) :: channel
        integer(c_int32_t) :: c_channel_create_in
      end function
    end interface
    status = c_channel_create_in(scope, copied(name), bound, channel)
  end function

  function sprat_trace_count(scope, name, value) result(status)
    type(c_ptr), intent(in) :: scope
    character(*), intent(in) :: name
    real(c_double), intent(in) :: value
    integer(c_int32_t) :: status
    interface
      function c_trace_count(scope, name, value) bind(c, name="sprat_trace_count")
        import :: c_ptr, c_char, c_double, c_int32_t
        type(c_ptr), value :: scope
        character(kind=c_char), intent(in) :: name(*)
        real(c_double), value :: value
        integer(c_int32_t) :: c_trace_count
      end function
    end interface
    status = c_trace_count(scope, copied(name), value)
  end function

  function sprat_trace_begin(scope, name) result(status)
    type(c_ptr), intent(in) :: scope
    character(*), intent(in) :: name
    integer(c_int32_t) :: status
    interface
      function c_trace_begin(scope, name) bind(c, name="sprat_trace_begin")
        import :: c_ptr, c_char, c_int32_t
        type(c_ptr), value :: scope
        character(kind=c_char), intent(in) :: name(*)
        integer(c_int32_t) :: c_trace_begin
      end function
    end interface
    status = c_trace_begin(scope, copied(name))
  end function

  ! Files. Places in them are counted in bytes, from 0; so many bytes from there on, or 0: up to the end.
  function sprat_read_file(runtime, path, start, bytes, block) result(status)
    type(c_ptr), intent(in) :: runtime
    character(*), intent(in) :: path
    integer(c_int64_t), intent(in) :: start, bytes
    type(sprat_block), intent(out) :: block
    integer(c_int32_t) :: status
    interface
      function c_read_file(runtime, path, start, bytes, block) bind(c, name="sprat_read_file")
        import :: c_ptr, c_char, c_int64_t, c_int32_t, sprat_block
        type(c_ptr), value :: runtime
        character(kind=c_char), intent(in) :: path(*)
        integer(c_int64_t), value :: start, bytes
        type(sprat_block), intent(out) :: block
        integer(c_int32_t) :: c_read_file
      end function
    end interface
    status = c_read_file(runtime, copied(path), start, bytes, block)
  end function

  function sprat_read_file_in(scope, path, start, bytes, options, block) result(status)
    type(c_ptr), intent(in) :: scope
    character(*), intent(in) :: path
    integer(c_int64_t), intent(in) :: start, bytes
    type(sprat_options), intent(in), optional :: options
    type(sprat_block), intent(out) :: block
    integer(c_int32_t) :: status
    interface
      function c_read_file_in(scope, path, start, bytes, options, block) bind(c, name="sprat_read_file_in")
        import :: c_ptr, c_char, c_int64_t, c_int32_t, sprat_options, sprat_block
        type(c_ptr), value :: scope
        character(kind=c_char), intent(in) :: path(*)
        integer(c_int64_t), value :: start, bytes
        type(sprat_options), intent(in), optional :: options
        type(sprat_block), intent(out) :: block
        integer(c_int32_t) :: c_read_file_in
      end function
    end interface
    status = c_read_file_in(scope, copied(path), start, bytes, options, block)
  end function

  function sprat_read_file_into(scope, block, path, start, options, ended) result(status)
    type(c_ptr), intent(in) :: scope
    type(sprat_block), intent(in) :: block
    character(*), intent(in) :: path
    integer(c_int64_t), intent(in) :: start
    type(sprat_options), intent(in), optional :: options
    type(sprat_event), intent(out), optional :: ended
    integer(c_int32_t) :: status
    interface
      function c_read_file_into(scope, block, path, start, options, ended) bind(c, name="sprat_read_file_into")
        import :: c_ptr, c_char, c_int64_t, c_int32_t, sprat_block, sprat_options, sprat_event
        type(c_ptr), value :: scope
        type(sprat_block), value :: block
        character(kind=c_char), intent(in) :: path(*)
        integer(c_int64_t), value :: start
        type(sprat_options), intent(in), optional :: options
        type(sprat_event), intent(out), optional :: ended
        integer(c_int32_t) :: c_read_file_into
      end function
    end interface
    status = c_read_file_into(scope, block, copied(path), start, options, ended)
  end function

  function sprat_write_file(runtime, block, path) result(status)
    type(c_ptr), intent(in) :: runtime
    type(sprat_block), intent(in) :: block
    character(*), intent(in) :: path
    integer(c_int32_t) :: status
    interface
      function c_write_file(runtime, block, path) bind(c, name="sprat_write_file")
        import :: c_ptr, c_char, c_int32_t, sprat_block
        type(c_ptr), value :: runtime
        type(sprat_block), value :: block
        character(kind=c_char), intent(in) :: path(*)
        integer(c_int32_t) :: c_write_file
      end function
    end interface
    status = c_write_file(runtime, block, copied(path))
  end function

  function sprat_write_file_in(scope, block, path, options, ended) result(status)
    type(c_ptr), intent(in) :: scope
    type(sprat_block), intent(in) :: block
    character(*), intent(in) :: path
    type(sprat_options), intent(in), optional :: options
    type(sprat_event), intent(out), optional :: ended
    integer(c_int32_t) :: status
    interface
      function c_write_file_in(scope, block, path, options, ended) bind(c, name="sprat_write_file_in")
        import :: c_ptr, c_char, c_int32_t, sprat_block, sprat_options, sprat_event
        type(c_ptr), value :: scope
        type(sprat_block), value :: block
        character(kind=c_char), intent(in) :: path(*)
        type(sprat_options), intent(in), optional :: options
        type(sprat_event), intent(out), optional :: ended
        integer(c_int32_t) :: c_write_file_in
      end function
    end interface
    status = c_write_file_in(scope, block, copied(path), options, ended)
  end function

  function sprat_write_file_at(scope, block, path, start, options, ended) result(status)
    type(c_ptr), intent(in) :: scope
    type(sprat_block), intent(in) :: block
    character(*), intent(in) :: path
    integer(c_int64_t), intent(in) :: start
    type(sprat_options), intent(in), optional :: options
    type(sprat_event), intent(out), optional :: ended
    integer(c_int32_t) :: status
    interface
      function c_write_file_at(scope, block, path, start, options, ended) bind(c, name="sprat_write_file_at")
        import :: c_ptr, c_char, c_int64_t, c_int32_t, sprat_block, sprat_options, sprat_event
        type(c_ptr), value :: scope
        type(sprat_block), value :: block
        character(kind=c_char), intent(in) :: path(*)
        integer(c_int64_t), value :: start
        type(sprat_options), intent(in), optional :: options
        type(sprat_event), intent(out), optional :: ended
        integer(c_int32_t) :: c_write_file_at
      end function
    end interface
    status = c_write_file_at(scope, block, copied(path), start, options, ended)
  end function

  ! Texts for people and programs: one of the SPRAT_ABOUT_ or SPRAT_GRAPH_ constants, and the account of memory. A text is empty if the status
  ! is not SPRAT_OK.
  function sprat_tell(runtime, about, text) result(status)
    type(c_ptr), intent(in) :: runtime
    integer(c_int32_t), intent(in) :: about
    character(:), allocatable, intent(out) :: text
    integer(c_int32_t) :: status
    integer(c_size_t) :: length, room
    character(kind=c_char), allocatable, target :: letters(:)
    interface
      function c_tell(runtime, about, text, room, length) bind(c, name="sprat_tell")
        import :: c_ptr, c_size_t, c_int32_t
        type(c_ptr), value :: runtime, text
        integer(c_int32_t), value :: about
        integer(c_size_t), value :: room
        integer(c_size_t), intent(out) :: length
        integer(c_int32_t) :: c_tell
      end function
    end interface
    text = ''
    status = c_tell(runtime, about, c_null_ptr, 0_c_size_t, length)
    do while (status == SPRAT_OK)
      room = length + 1
      if (allocated(letters)) deallocate (letters)
      allocate (letters(room))
      status = c_tell(runtime, about, c_loc(letters), room, length)
      if (length < room) exit ! else it has grown meanwhile
    end do
    if (status == SPRAT_OK) text = text_at(c_loc(letters))
  end function

  function sprat_graph_tell(graph, about, text) result(status)
    type(c_ptr), intent(in) :: graph
    integer(c_int32_t), intent(in) :: about
    character(:), allocatable, intent(out) :: text
    integer(c_int32_t) :: status
    integer(c_size_t) :: length, room
    character(kind=c_char), allocatable, target :: letters(:)
    interface
      function c_graph_tell(graph, about, text, room, length) bind(c, name="sprat_graph_tell")
        import :: c_ptr, c_size_t, c_int32_t
        type(c_ptr), value :: graph, text
        integer(c_int32_t), value :: about
        integer(c_size_t), value :: room
        integer(c_size_t), intent(out) :: length
        integer(c_int32_t) :: c_graph_tell
      end function
    end interface
    text = ''
    status = c_graph_tell(graph, about, c_null_ptr, 0_c_size_t, length)
    do while (status == SPRAT_OK)
      room = length + 1
      if (allocated(letters)) deallocate (letters)
      allocate (letters(room))
      status = c_graph_tell(graph, about, c_loc(letters), room, length)
      if (length < room) exit ! else it has grown meanwhile
    end do
    if (status == SPRAT_OK) text = text_at(c_loc(letters))
  end function

  function sprat_memory_report(runtime, text) result(status)
    type(c_ptr), intent(in) :: runtime
    character(:), allocatable, intent(out) :: text
    integer(c_int32_t) :: status
    integer(c_size_t) :: length, room
    character(kind=c_char), allocatable, target :: letters(:)
    interface
      function c_memory_report(runtime, text, room, length) bind(c, name="sprat_memory_report")
        import :: c_ptr, c_size_t, c_int32_t
        type(c_ptr), value :: runtime, text
        integer(c_size_t), value :: room
        integer(c_size_t), intent(out) :: length
        integer(c_int32_t) :: c_memory_report
      end function
    end interface
    text = ''
    status = c_memory_report(runtime, c_null_ptr, 0_c_size_t, length)
    do while (status == SPRAT_OK)
      room = length + 1
      if (allocated(letters)) deallocate (letters)
      allocate (letters(room))
      status = c_memory_report(runtime, c_loc(letters), room, length)
      if (length < room) exit ! else it has grown meanwhile
    end do
    if (status == SPRAT_OK) text = text_at(c_loc(letters))
  end function

  function sprat_latch_create(runtime, name, count, event) result(status)
    type(c_ptr), intent(in) :: runtime
    character(*), intent(in) :: name
    integer(c_int32_t), intent(in) :: count
    type(sprat_event), intent(out) :: event
    integer(c_int32_t) :: status
    interface
      function c_latch_create(runtime, name, count, event) bind(c, name="sprat_latch_create")
        import :: c_ptr, c_char, c_int32_t, sprat_event
        type(c_ptr), value :: runtime
        character(kind=c_char), intent(in) :: name(*)
        integer(c_int32_t), value :: count
        type(sprat_event), intent(out) :: event
        integer(c_int32_t) :: c_latch_create
      end function
    end interface
    status = c_latch_create(runtime, copied(name), count, event)
  end function

  ! What the last call on this thread that failed said.
  function sprat_error_message() result(message)
    character(:), allocatable :: message
    interface
      function c_error_message() bind(c, name="sprat_error_message")
        import :: c_ptr
        type(c_ptr) :: c_error_message
      end function
    end interface
    message = text_at(c_error_message())
  end function

  function sprat_status_text(status) result(text)
    integer(c_int32_t), intent(in) :: status
    character(:), allocatable :: text
    interface
      function c_status_text(status) bind(c, name="sprat_status_text")
        import :: c_ptr, c_int32_t
        integer(c_int32_t), value :: status
        type(c_ptr) :: c_status_text
      end function
    end interface
    text = text_at(c_status_text(status))
  end function

  ! A text of C's.
  function text_at(address) result(text)
    type(c_ptr), intent(in) :: address
    character(:), allocatable :: text
    character(kind=c_char), pointer :: letters(:)
    integer :: i
    interface
      function c_strlen(text) bind(c, name="strlen")
        import :: c_ptr, c_size_t
        type(c_ptr), value :: text
        integer(c_size_t) :: c_strlen
      end function
    end interface
    allocate (character(c_strlen(address)) :: text)
    call c_f_pointer(address, letters, [len(text)])
    do i = 1, len(text)
      text(i:i) = letters(i)
    end do
  end function

  ! A text for C.
  pure function copied(text) result(letters)
    character(*), intent(in) :: text
    character(kind=c_char) :: letters(len_trim(text) + 1)
    integer :: i
    do i = 1, len_trim(text)
      letters(i) = text(i:i)
    end do
    letters(len_trim(text) + 1) = c_null_char
  end function

  subroutine array_f32(view, array)
    type(sprat_view), intent(in) :: view
    real(c_float), pointer, intent(out) :: array(:)
    call c_f_pointer(view%data, array, [view%bytes / c_sizeof(0.0_c_float)])
  end subroutine

  subroutine array_f64(view, array)
    type(sprat_view), intent(in) :: view
    real(c_double), pointer, intent(out) :: array(:)
    call c_f_pointer(view%data, array, [view%bytes / c_sizeof(0.0_c_double)])
  end subroutine

  subroutine array_i32(view, array)
    type(sprat_view), intent(in) :: view
    integer(c_int32_t), pointer, intent(out) :: array(:)
    call c_f_pointer(view%data, array, [view%bytes / c_sizeof(0_c_int32_t)])
  end subroutine

  subroutine array_i64(view, array)
    type(sprat_view), intent(in) :: view
    integer(c_int64_t), pointer, intent(out) :: array(:)
    call c_f_pointer(view%data, array, [view%bytes / c_sizeof(0_c_int64_t)])
  end subroutine

end module
