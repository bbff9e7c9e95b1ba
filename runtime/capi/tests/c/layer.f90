! Tests of the Fortran module: homes and moves, polled events, channels, files, the account of memory, loops and reductions, arguments of
! rounds, alternates, operators, cancelling, what is told.
module bodies
  use sprat
  implicit none
  type :: world
    type(c_ptr) :: runtime
    type(sprat_block) :: blocks(3)
    type(sprat_event) :: event
    type(sprat_codelet) :: fill, add
    character(64) :: file = ''
    integer(c_int32_t) :: asked = 0
    type(sprat_codelet) :: advance, several
    integer(c_int32_t) :: greatest = 0
    type(sprat_canceller) :: canceller
  end type

  ! An argument of a round.
  type, bind(c) :: step
    real(c_double) :: factor, time
  end type
  integer :: failures = 0
contains
  subroutine holds(what, name)
    logical, intent(in) :: what
    character(*), intent(in) :: name
    if (what) return
    failures = failures + 1
    print '(4a)', '  not so: ', name, ': ', sprat_error_message()
  end subroutine

  subroutine fill(scope, params, views, count) bind(c)
    type(c_ptr), value :: scope, params
    integer(c_size_t), value :: count
    type(sprat_view), intent(in) :: views(count)
    real(c_double), pointer :: x(:), value
    if (.not. c_associated(scope)) return
    call c_f_pointer(params, value)
    call sprat_array(views(1), x)
    x = value
  end subroutine

  subroutine add(scope, params, views, count) bind(c)
    type(c_ptr), value :: scope, params
    integer(c_size_t), value :: count
    type(sprat_view), intent(in) :: views(count)
    real(c_double), pointer :: x(:), y(:)
    if (.not. (c_associated(scope) .and. c_associated(params))) return
    call sprat_array(views(1), x)
    call sprat_array(views(2), y)
    y = y + x
  end subroutine

  ! It has come when it is asked for the third time.
  function third_time(argument) bind(c)
    type(c_ptr), value :: argument
    integer(c_int32_t) :: third_time
    type(world), pointer :: w
    call c_f_pointer(argument, w)
    w%asked = w%asked + 1
    third_time = merge(1, 0, w%asked >= 3)
  end function

  subroutine spawn_fill(scope, w, block, number)
    type(c_ptr), intent(in) :: scope
    type(world), intent(in) :: w
    type(sprat_block), intent(in) :: block
    real(c_double), intent(in), target :: number
    call holds(sprat_spawn(scope, w%fill, c_loc(number), [sprat_write(block)], 1_c_size_t) == SPRAT_OK, 'a fill is spawned')
  end subroutine

  subroutine spawn_add(scope, w, from, to, after)
    type(c_ptr), intent(in) :: scope
    type(world), intent(in) :: w
    type(sprat_block), intent(in) :: from, to
    type(sprat_event), intent(in), target, optional :: after
    type(sprat_options) :: options
    integer(c_int32_t) :: status
    if (present(after)) then
      options%after = c_loc(after)
      options%after_count = 1
    end if
    status = sprat_spawn(scope, w%add, c_null_ptr, [sprat_read(from), sprat_read_write(to)], 2_c_size_t, options)
    call holds(status == SPRAT_OK, 'an add is spawned')
  end subroutine

  subroutine moves(scope, argument) bind(c)
    type(c_ptr), value :: scope, argument
    type(world), pointer :: w
    type(sprat_block) :: made
    type(sprat_event) :: ended
    call c_f_pointer(argument, w)
    call spawn_fill(scope, w, w%blocks(1), 2.0_c_double)
    call holds(sprat_migrate(scope, w%blocks(1), sprat_home_region(0), ended) == SPRAT_OK, 'a move')
    call holds(sprat_migrate_group(scope, w%blocks(2:3), 2_c_size_t, sprat_home_near(w%blocks(1))) == SPRAT_OK, 'a move of two')
    call holds(sprat_replicate(scope, w%blocks(1)) == SPRAT_OK, 'copies')
    call holds(sprat_block_create_at_in(scope, sprat_home(kind=SPRAT_HOME_INTERLEAVED), 10_c_size_t, 8_c_size_t, made) &
      == SPRAT_OK, 'a block in a scope')
    call spawn_fill(scope, w, made, 3.0_c_double)
    call spawn_add(scope, w, w%blocks(1), made, ended)
    call spawn_fill(scope, w, w%blocks(2), 0.0_c_double)
    call spawn_add(scope, w, made, w%blocks(2))
  end subroutine

  ! Elements begin to end - 1 of x are their numbers times a factor.
  function numbered(params, begin, end, views, count) bind(c)
    type(c_ptr), value :: params
    integer(c_size_t), value :: begin, end, count
    type(sprat_view), intent(in) :: views(count)
    integer(c_int32_t) :: numbered
    integer(c_size_t) :: i
    real(c_double), pointer :: x(:), factor
    call c_f_pointer(params, factor)
    call sprat_array(views(1), x)
    x = [(factor * real(i, c_double), i=begin, end - 1)]
    numbered = 0
  end function

  function refuses(params, begin, end, views, count) bind(c)
    type(c_ptr), value :: params
    integer(c_size_t), value :: begin, end, count
    type(sprat_view), intent(in) :: views(count)
    integer(c_int32_t) :: refuses
    refuses = merge(1, 0, c_associated(params) .and. begin < end .and. count == 1 .and. views(1)%bytes > 0)
    if (refuses /= 0) refuses = sprat_chunk_fail('no such chunk')
  end function

  function added(params, begin, end, views, count, result) bind(c)
    type(c_ptr), value :: params, result
    integer(c_size_t), value :: begin, end, count
    type(sprat_view), intent(in) :: views(count)
    integer(c_int32_t) :: added
    real(c_double), pointer :: x(:), total
    call c_f_pointer(result, total)
    call sprat_array(views(1), x)
    total = sum(x)
    added = merge(0, 1, c_associated(params) .and. size(x) == end - begin)
  end function

  function together(params, result, next) bind(c)
    type(c_ptr), value :: params, result, next
    integer(c_int32_t) :: together
    real(c_double), pointer :: total, more
    call c_f_pointer(result, total)
    call c_f_pointer(next, more)
    total = total + more
    together = merge(0, 1, c_associated(params))
  end function

  subroutine loops(scope, argument) bind(c)
    type(c_ptr), value :: scope, argument
    type(world), pointer :: w
    real(c_double), target :: two
    type(sprat_event) :: ended
    call c_f_pointer(argument, w)
    two = 2
    call holds(sprat_loop_over(scope, 'numbered', numbered, 10_c_size_t, [sprat_write(w%blocks(1))], params=c_loc(two), &
      params_size=8_c_size_t, grain=3_c_size_t, ended=ended) == SPRAT_OK, 'a loop')
    call holds(sprat_reduce_over(scope, 'added', added, together, 10_c_size_t, [sprat_read(w%blocks(1))], w%blocks(3), &
      80_c_size_t) == SPRAT_OK, 'a reduction')
  end subroutine

  subroutine wrong_loop(scope, argument) bind(c)
    type(c_ptr), value :: scope, argument
    type(world), pointer :: w
    call c_f_pointer(argument, w)
    call holds(sprat_loop_over(scope, 'refuses', refuses, 10_c_size_t, [sprat_write(w%blocks(3))]) == SPRAT_OK, 'a wrong loop')
  end subroutine

  subroutine advance(scope, params, views, count) bind(c)
    type(c_ptr), value :: scope, params
    integer(c_size_t), value :: count
    type(sprat_view), intent(in) :: views(count)
    type(step), pointer :: now
    real(c_double), pointer :: x(:)
    if (.not. (c_associated(scope) .and. c_associated(params))) return
    call c_f_pointer(views(1)%data, now)
    call sprat_array(views(2), x)
    x = now%factor * x + now%time
  end subroutine

  subroutine record_advance(scope, round, argument) bind(c)
    type(c_ptr), value :: scope, argument
    type(sprat_round), value :: round
    type(world), pointer :: w
    call c_f_pointer(argument, w)
    call holds(sprat_spawn(scope, w%advance, c_null_ptr, [sprat_argument_of(round), sprat_read_write(w%blocks(2))], 2_c_size_t) &
      == SPRAT_OK, 'a codelet with an argument')
  end subroutine

  ! The greatest number, by an operator of one's own.
  subroutine nothing_great(into, bytes) bind(c)
    type(c_ptr), value :: into
    integer(c_size_t), value :: bytes
    real(c_double), pointer :: x(:)
    call c_f_pointer(into, x, [bytes / 8])
    x = -huge(x)
  end subroutine

  subroutine greater(into, from, bytes) bind(c)
    type(c_ptr), value :: into, from
    integer(c_size_t), value :: bytes
    real(c_double), pointer :: x(:), y(:)
    call c_f_pointer(into, x, [bytes / 8])
    call c_f_pointer(from, y, [bytes / 8])
    x = max(x, y)
  end subroutine

  subroutine look(scope, params, views, count) bind(c)
    type(c_ptr), value :: scope, params
    integer(c_size_t), value :: count
    type(sprat_view), intent(in) :: views(count)
    real(c_double), pointer :: x(:), y(:)
    if (.not. (c_associated(scope) .and. c_associated(params))) return
    call sprat_array(views(1), x)
    call sprat_array(views(2), y)
    y = max(y, x)
    call holds(sprat_trace_begin(scope, 'a span') == SPRAT_OK, 'a span begins')
    call holds(sprat_trace_count(scope, 'a counter', 0.5_c_double) == SPRAT_OK, 'a counter')
    call holds(sprat_trace_end(scope) == SPRAT_OK, 'the span ends')
    call holds(sprat_trace_end(scope) == SPRAT_ARGUMENT, 'there is no other')
  end subroutine

  subroutine heroes(scope, argument) bind(c)
    type(c_ptr), value :: scope, argument
    type(world), pointer :: w
    type(sprat_event), target :: events(3)
    type(sprat_channel) :: channel
    type(sprat_options) :: options
    integer(c_int64_t) :: left
    integer :: i
    call c_f_pointer(argument, w)
    call spawn_fill(scope, w, w%blocks(3), -1.0_c_double)
    call holds(sprat_event_create_shared_in(scope, 'shared', events(1)) == SPRAT_OK, 'a shared event')
    call holds(sprat_latch_create_in(scope, 'latch', 2_c_int32_t, events(2)) == SPRAT_OK, 'a latch')
    call holds(sprat_channel_create_in(scope, 'line', 0_c_size_t, channel) == SPRAT_OK, 'a line')
    call holds(sprat_channel_next(channel, events(3)) == SPRAT_OK, 'its first')
    options%after = c_loc(events)
    options%after_count = 3
    do i = 1, 2
      call holds(sprat_spawn(scope, w%several, c_null_ptr, [sprat_read(w%blocks(i)), sprat_reduce(w%blocks(3), w%greatest, 0)], &
        2_c_size_t, options) == SPRAT_OK, 'one that looks')
    end do
    do i = 1, 2
      call holds(sprat_event_satisfy(events(1)) == SPRAT_OK, 'the first counts')
      call holds(sprat_latch_down(events(2)) == SPRAT_OK, 'it is counted down')
      call holds(sprat_latch_count(events(2), left) == SPRAT_OK .and. left == 2 - i, 'so many are left')
    end do
    call holds(sprat_channel_satisfy(channel) == SPRAT_OK, 'it comes')
    call holds(sprat_channel_destroy(channel) == SPRAT_OK, 'the line goes')
    do i = 1, 3
      call holds(sprat_event_destroy(events(i)) == SPRAT_OK, 'it goes')
    end do
  end subroutine

  subroutine is_cancelled(scope, argument) bind(c)
    type(c_ptr), value :: scope, argument
    type(world), pointer :: w
    type(sprat_event) :: never
    call c_f_pointer(argument, w)
    call holds(sprat_event_create_in(scope, 'never', never) == SPRAT_OK, 'an event')
    call spawn_add(scope, w, w%blocks(1), w%blocks(2), never)
    call holds(sprat_canceller_create(scope, w%canceller) == SPRAT_OK, 'a canceller')
    call holds(sprat_canceller_cancel(w%canceller, 'it takes too long') == SPRAT_OK, 'it is used')
    call holds(sprat_is_cancelled(scope) == 1, 'the scope knows')
    call holds(sprat_canceller_destroy(w%canceller) == SPRAT_OK, 'the canceller goes')
    call holds(sprat_event_destroy(never) == SPRAT_OK, 'and the event')
  end subroutine

  subroutine record_add(scope, argument) bind(c)
    type(c_ptr), value :: scope, argument
    type(world), pointer :: w
    call c_f_pointer(argument, w)
    call spawn_add(scope, w, w%blocks(1), w%blocks(2))
  end subroutine

  subroutine waits(scope, argument) bind(c)
    type(c_ptr), value :: scope, argument
    type(world), pointer :: w
    call c_f_pointer(argument, w)
    call spawn_fill(scope, w, w%blocks(1), 1.0_c_double)
    call spawn_add(scope, w, w%blocks(1), w%blocks(2), w%event)
  end subroutine

  subroutine through_a_file(scope, argument) bind(c)
    type(c_ptr), value :: scope, argument
    type(world), pointer :: w
    type(sprat_event), target :: written
    type(sprat_options) :: options
    type(sprat_block) :: half
    call c_f_pointer(argument, w)
    call spawn_fill(scope, w, w%blocks(1), 4.0_c_double)
    call holds(sprat_write_file_in(scope, w%blocks(1), w%file, ended=written) == SPRAT_OK, 'a file is written')
    options%after = c_loc(written)
    options%after_count = 1
    call holds(sprat_read_file_into(scope, w%blocks(3), w%file, 0_c_int64_t, options) == SPRAT_OK, 'a block is filled')
    call holds(sprat_read_file_in(scope, w%file, 0_c_int64_t, 80_c_int64_t, options, half) == SPRAT_OK, 'a file is read')
    call spawn_add(scope, w, half, w%blocks(3))
    call holds(sprat_write_file_at(scope, w%blocks(3), w%file, 80_c_int64_t, options) == SPRAT_OK, 'a file grows')
  end subroutine
end module

program layer
  use sprat
  use bodies
  implicit none
  type(world), target :: w
  type(sprat_config) :: config
  type(sprat_channel) :: channel
  type(sprat_memory) :: memory
  type(sprat_block) :: both
  real(c_double), target :: x(20)
  integer(c_int32_t) :: region, policy
  character(:), allocatable :: report
  type(step), target :: steps(3)
  type(c_ptr) :: graph
  integer(c_size_t) :: owners(1)
  integer(c_int64_t) :: calls
  type(sprat_alternate) :: one
  type(sprat_machine) :: machine
  type(sprat_xe) :: xe
  type(sprat_ce) :: ce
  type(sprat_core) :: core
  type(sprat_cache_group) :: caches
  type(sprat_region) :: place
  type(sprat_usage) :: usage
  type(sprat_moves) :: moved
  config%xes = 2
  config%oversubscribe = SPRAT_YES
  config%pin = SPRAT_NO
  config%environment = SPRAT_NO
  config%memory_report = SPRAT_YES
  call get_command_argument(1, w%file)
  call holds(len_trim(w%file) > 0, 'the argument is a file to write')
  call holds(sprat_runtime_create(config, w%runtime) == SPRAT_OK, 'a runtime')
  call holds(sprat_set_policy(w%runtime, SPRAT_POLICY_ENERGY_DELAY) == SPRAT_OK, 'another policy')
  call holds(sprat_policy_get(w%runtime, policy) == SPRAT_OK .and. policy == SPRAT_POLICY_ENERGY_DELAY, 'it is told')
  call holds(sprat_set_policy(w%runtime, SPRAT_POLICY_PERFORMANCE) == SPRAT_OK, 'the first policy')
  call holds(sprat_define('fill', fill, params_size=8_c_size_t, codelet=w%fill) == SPRAT_OK, 'fill')
  call holds(sprat_define('add', add, codelet=w%add) == SPRAT_OK, 'add')
  call holds(sprat_blocks_create_at(w%runtime, sprat_home_region(0), 3_c_size_t, 10_c_size_t, 8_c_size_t, w%blocks) == SPRAT_OK, &
    'blocks with a home')

  call holds(sprat_finish(w%runtime, moves, c_loc(w)) == SPRAT_OK, 'moves')
  call holds(sprat_block_region(w%runtime, w%blocks(1), region) == SPRAT_OK .and. region == 0, 'the region is 0')
  call holds(first(2) == 5, 'what was moved is the same')

  call holds(sprat_event_poll(w%runtime, 'third time', third_time, c_loc(w), w%event) == SPRAT_OK, 'an event is polled')
  call holds(sprat_finish(w%runtime, waits, c_loc(w)) == SPRAT_OK, 'a codelet waits for it')
  call holds(w%asked == 3, 'it was asked three times')
  call holds(first(2) == 6, 'the codelet ran')
  call holds(sprat_event_destroy(w%event) == SPRAT_OK, 'it goes')

  call holds(sprat_channel_create(w%runtime, 'line', 1_c_size_t, channel) == SPRAT_OK, 'a channel')
  call holds(sprat_channel_satisfy(channel) == SPRAT_OK, 'one comes')
  call holds(sprat_channel_satisfy(channel) == SPRAT_EVENT_ERROR, 'two are too many')
  call holds(sprat_channel_next(channel, w%event) == SPRAT_OK, 'it is given')
  call holds(sprat_finish(w%runtime, waits, c_loc(w)) == SPRAT_OK, 'a codelet waits for the line')
  call holds(first(2) == 7, 'it ran')
  call holds(sprat_event_destroy(w%event) == SPRAT_OK, 'the name goes')
  call holds(sprat_channel_destroy(channel) == SPRAT_OK, 'the channel goes')

  call holds(sprat_finish(w%runtime, through_a_file, c_loc(w)) == SPRAT_OK, 'files')
  call holds(sprat_read_file(w%runtime, w%file, 0_c_int64_t, 0_c_int64_t, both) == SPRAT_OK, 'the whole file')
  call holds(sprat_block_read(w%runtime, both, 0_c_size_t, c_loc(x), c_sizeof(x)) == SPRAT_OK, 'it has 20 numbers')
  call holds(all(nint(x(1:10)) == 4) .and. all(nint(x(11:20)) == 8), 'which are those')
  call holds(sprat_write_file(w%runtime, w%blocks(1), '/nowhere/at all') == SPRAT_FAILED, 'no such folder')
  call holds(index(sprat_error_message(), '/nowhere/at all') > 0, 'the message has the path')

  call holds(sprat_finish(w%runtime, loops, c_loc(w)) == SPRAT_OK, 'loops')
  call holds(first(3) == 90, 'the sum of all')
  call holds(sprat_finish(w%runtime, wrong_loop, c_loc(w)) == SPRAT_FAILED, 'a chunk fails')
  call holds(index(sprat_error_message(), 'no such chunk') > 0, 'with its message')

  call holds(sprat_define('advance', advance, modes=[SPRAT_MODE_ROUND, SPRAT_MODE_READ_WRITE], codelet=w%advance) == SPRAT_OK, &
    'advance')
  call holds(sprat_record_with(w%runtime, c_sizeof(steps(1)), record_advance, c_loc(w), graph) == SPRAT_OK, 'a graph')
  x(1:10) = 1
  call holds(sprat_block_write(w%runtime, w%blocks(2), 0_c_size_t, c_loc(x), 80_c_size_t) == SPRAT_OK, 'a write')
  steps = [step(2, 1), step(-1, 0), step(1, 10)]
  call holds(sprat_replay_with(w%runtime, graph, 3_c_size_t, c_loc(steps)) == SPRAT_OK, 'rounds with arguments')
  call holds(first(2) == 7, 'each had its own')
  call holds(sprat_replay(w%runtime, graph, 1_c_size_t) == SPRAT_GRAPH, 'none without')
  call holds(sprat_graph_owners(graph, owners, 1_c_size_t) == SPRAT_OK .and. owners(1) < 2, 'an engine owns it')
  call holds(sprat_graph_tell(graph, SPRAT_GRAPH_DOT, report) == SPRAT_OK .and. index(report, 'advance') > 0, 'a drawing')
  call holds(sprat_graph_cancel(graph, 'nothing is under way') == SPRAT_OK, 'nothing is cancelled')
  call holds(sprat_graph_destroy(graph) == SPRAT_OK, 'it goes')
  call holds(sprat_record(w%runtime, record_add, c_loc(w), graph) == SPRAT_OK, 'another graph')
  call holds(sprat_replay_within(w%runtime, 0.01_c_double, graph, 2_c_size_t**31) == SPRAT_CANCELLED, 'it takes too long')
  call holds(sprat_graph_destroy(graph) == SPRAT_OK, 'it goes, too')

  call holds(sprat_operator_define(nothing_great, greater, w%greatest) == SPRAT_OK, 'an operator')
  call holds(sprat_define('look', look, codelet=w%add) == SPRAT_OK, 'look')
  call holds(sprat_codelet_alternate(w%add, SPRAT_ISA_ANY, look, w%several) == SPRAT_OK, 'look, in two ways')
  x(1:10) = 5
  call holds(sprat_block_write(w%runtime, w%blocks(1), 0_c_size_t, c_loc(x), 80_c_size_t) == SPRAT_OK, 'a write')
  x(1:10) = 7
  call holds(sprat_block_write(w%runtime, w%blocks(2), 0_c_size_t, c_loc(x), 80_c_size_t) == SPRAT_OK, 'a write')
  call holds(sprat_finish(w%runtime, heroes, c_loc(w)) == SPRAT_OK, 'heroes')
  call holds(first(3) == 7, 'the greatest')
  call holds(sprat_alternate_get(w%runtime, w%several, 0_c_size_t, 0_c_size_t, one) == SPRAT_OK .and. one%usable == 1, 'known')
  calls = one%calls
  call holds(sprat_alternate_get(w%runtime, w%several, 1_c_size_t, 0_c_size_t, one) == SPRAT_OK, 'on both engines')
  calls = calls + one%calls
  call holds(calls >= 1 .and. calls <= 2, 'the usual one ran')
  call holds(sprat_finish(w%runtime, is_cancelled, c_loc(w)) == SPRAT_CANCELLED, 'a scope is cancelled')
  call holds(index(sprat_error_message(), 'it takes too long') > 0, 'with its reason')

  call holds(sprat_machine_get(w%runtime, machine) == SPRAT_OK .and. machine%xes == 2, 'the machine')
  call holds(sprat_xe_get(w%runtime, 1_c_size_t, xe) == SPRAT_OK .and. xe%region < machine%regions, 'an engine')
  call holds(sprat_xe_get(w%runtime, 2_c_size_t, xe) == SPRAT_ARGUMENT, 'there is no third')
  call holds(sprat_ce_get(w%runtime, 0_c_size_t, ce) == SPRAT_OK .and. ce%stuck_scopes == 0, 'a control engine')
  call holds(sprat_core_get(w%runtime, machine%cores - 1, core) == SPRAT_OK .and. core%cache_group < machine%cache_groups, 'a core')
  call holds(sprat_cache_group_get(w%runtime, core%cache_group, caches) == SPRAT_OK .and. caches%cores > 0, 'its cache')
  call holds(sprat_region_get(w%runtime, core%region, place) == SPRAT_OK .and. place%mapped_bytes > 0, 'its memory')
  call holds(sprat_distance(w%runtime, core%region, core%region, region) == SPRAT_OK .and. region == 10, 'it is near')
  call holds(sprat_usage_get(w%runtime, usage) == SPRAT_OK .and. usage%open_xes == 2, 'usage')
  call holds(sprat_moves_get(w%runtime, moved) == SPRAT_OK .and. moved%refused == 0, 'moves and copies')
  call holds(sprat_tell(w%runtime, SPRAT_ABOUT_PLAN, report) == SPRAT_OK .and. index(report, '2 XEs') == 1, 'the plan')

  call holds(sprat_memory_get(w%runtime, memory) == SPRAT_OK .and. memory%local_bytes + memory%remote_bytes > 0, 'an account')
  call holds(sprat_memory_report(w%runtime, report) == SPRAT_OK .and. index(report, 'fill') > 0, 'a report')
  call holds(sprat_runtime_destroy(w%runtime) == SPRAT_OK, 'the end')
  if (failures > 0) stop 1
  print '(a)', 'the module does what it says'
contains
  ! The first number of a block.
  function first(which)
    integer, intent(in) :: which
    integer :: first
    real(c_double), target :: number
    call holds(sprat_block_read(w%runtime, w%blocks(which), 0_c_size_t, c_loc(number), 8_c_size_t) == SPRAT_OK, 'a read')
    first = nint(number)
  end function
end program
