! Tests of the Fortran module: homes and moves, polled events, channels, files, the account of memory.
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
  integer(c_int32_t) :: region
  character(:), allocatable :: report
  config%xes = 2
  config%oversubscribe = SPRAT_YES
  config%pin = SPRAT_NO
  config%environment = SPRAT_NO
  config%memory_report = SPRAT_YES
  call get_command_argument(1, w%file)
  call holds(len_trim(w%file) > 0, 'the argument is a file to write')
  call holds(sprat_runtime_create(config, w%runtime) == SPRAT_OK, 'a runtime')
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
