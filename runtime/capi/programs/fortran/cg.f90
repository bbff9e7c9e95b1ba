! Conjugate gradients for Poisson's equation on a square, its rows cut into strips. One step is recorded and replayed until the
! residual is small; the result is compared with a serial loop, and with the exact solution of the discrete equations.
!
!     cg [SIZE [STRIPS]]     128 and 8 unless said otherwise
module steps
  use sprat
  implicit none

  ! What scopes' bodies get.
  type :: problem
    type(c_ptr) :: runtime
    integer(c_size_t) :: n, strips
    type(sprat_block), allocatable :: x(:), r(:), p(:), q(:)
    ! Sums over all strips: p.q, the old and the new r.r.
    type(sprat_block) :: pq, rr, new
    type(sprat_codelet) :: clear, apply, update, advance, turn
    real(c_double) :: enough
    integer :: rounds = 0
  end type

  ! Parameters of a strip: cells of a row.
  type, bind(c) :: strip
    integer(c_size_t) :: n
    integer(c_int32_t) :: top, bottom
  end type

contains

  subroutine must(status)
    integer(c_int32_t), intent(in) :: status
    if (status == SPRAT_OK) return
    print '(2a)', 'cg: ', sprat_error_message()
    stop 1
  end subroutine

  ! Views: the sums to begin.
  subroutine clear(scope, params, views, count) bind(c)
    type(c_ptr), value :: scope, params
    integer(c_size_t), value :: count
    type(sprat_view), intent(in) :: views(count)
    real(c_double), pointer :: sum(:)
    integer(c_size_t) :: i
    if (.not. c_associated(scope) .or. .not. c_associated(params)) return
    do i = 1, count
      call sprat_array(views(i), sum)
      sum = 0
    end do
  end subroutine

  ! One row of A p, from it and its neighbours.
  pure subroutine row(n, above, here, below, out)
    integer(c_size_t), intent(in) :: n
    real(c_double), intent(in) :: above(n), here(n), below(n)
    real(c_double), intent(out) :: out(n)
    out = 4 * here - above - below
    out(2:) = out(2:) - here(:n - 1)
    out(:n - 1) = out(:n - 1) - here(2:)
  end subroutine

  ! q = A p and p.q: views are p, q, the sum, and the strips above and below as far as there are any.
  subroutine apply(scope, params, views, count) bind(c)
    type(c_ptr), value :: scope, params
    integer(c_size_t), value :: count
    type(sprat_view), intent(in) :: views(count)
    type(strip), pointer :: s
    real(c_double), pointer :: p(:), q(:), sum(:), above(:), below(:)
    call c_f_pointer(params, s)
    call sprat_array(views(1), p)
    call sprat_array(views(2), q)
    call sprat_array(views(3), sum)
    nullify (above, below)
    if (s%top == 0) call sprat_array(views(4), above)
    if (s%bottom == 0) call sprat_array(views(count), below)
    if (.not. c_associated(scope)) return
    call multiply(s%n, size(p, kind=c_size_t) / s%n, p, above, below, q)
    sum(1) = sum(1) + dot_product(p, q)
  end subroutine

  subroutine multiply(n, rows, p, above, below, q)
    integer(c_size_t), intent(in) :: n, rows
    real(c_double), intent(in) :: p(n, rows)
    real(c_double), pointer, intent(in) :: above(:), below(:)
    real(c_double), intent(out) :: q(n, rows)
    real(c_double) :: up(n), down(n)
    integer(c_size_t) :: i
    do i = 1, rows
      up = 0
      down = 0
      if (i > 1) then
        up = p(:, i - 1)
      else if (associated(above)) then
        up = above(size(above) - n + 1:)
      end if
      if (i < rows) then
        down = p(:, i + 1)
      else if (associated(below)) then
        down = below(:n)
      end if
      call row(n, up, p(:, i), down, q(:, i))
    end do
  end subroutine

  ! x = x + alpha p, r = r - alpha q, and the new r.r: views are x, r, p, q, p.q, the old r.r, the sum.
  subroutine update(scope, params, views, count) bind(c)
    type(c_ptr), value :: scope, params
    integer(c_size_t), value :: count
    type(sprat_view), intent(in) :: views(count)
    real(c_double), pointer :: x(:), r(:), p(:), q(:), pq(:), rr(:), new(:)
    real(c_double) :: alpha
    if (.not. c_associated(scope) .or. .not. c_associated(params)) return
    call sprat_array(views(1), x)
    call sprat_array(views(2), r)
    call sprat_array(views(3), p)
    call sprat_array(views(4), q)
    call sprat_array(views(5), pq)
    call sprat_array(views(6), rr)
    call sprat_array(views(7), new)
    alpha = rr(1) / pq(1)
    x = x + alpha * p
    r = r - alpha * q
    new(1) = new(1) + dot_product(r, r)
  end subroutine

  ! p = r + beta p: views are p, r, the old and the new r.r.
  subroutine advance(scope, params, views, count) bind(c)
    type(c_ptr), value :: scope, params
    integer(c_size_t), value :: count
    type(sprat_view), intent(in) :: views(count)
    real(c_double), pointer :: p(:), r(:), rr(:), new(:)
    if (.not. c_associated(scope) .or. .not. c_associated(params)) return
    call sprat_array(views(1), p)
    call sprat_array(views(2), r)
    call sprat_array(views(3), rr)
    call sprat_array(views(4), new)
    p = r + new(1) / rr(1) * p
  end subroutine

  ! The new r.r is the old one of the next step.
  subroutine turn(scope, params, views, count) bind(c)
    type(c_ptr), value :: scope, params
    integer(c_size_t), value :: count
    type(sprat_view), intent(in) :: views(count)
    real(c_double), pointer :: rr(:), new(:)
    if (.not. c_associated(scope) .or. .not. c_associated(params)) return
    call sprat_array(views(1), rr)
    call sprat_array(views(2), new)
    rr = new
  end subroutine

  subroutine step(scope, argument) bind(c)
    type(c_ptr), value :: scope, argument
    type(problem), pointer :: w
    type(strip), target :: s
    type(sprat_access) :: uses(5)
    integer(c_size_t) :: b, uses_count
    call c_f_pointer(argument, w)
    call must(sprat_spawn(scope, w%clear, c_null_ptr, [sprat_write(w%pq), sprat_write(w%new)], 2_c_size_t))
    do b = 1, w%strips
      s = strip(w%n, merge(1, 0, b == 1), merge(1, 0, b == w%strips))
      uses(1:3) = [sprat_read(w%p(b)), sprat_write(w%q(b)), sprat_reduce(w%pq, SPRAT_SUM, SPRAT_F64)]
      uses_count = 3
      if (b > 1) then
        uses_count = uses_count + 1
        uses(uses_count) = sprat_read(w%p(b - 1))
      end if
      if (b < w%strips) then
        uses_count = uses_count + 1
        uses(uses_count) = sprat_read(w%p(b + 1))
      end if
      call must(sprat_spawn(scope, w%apply, c_loc(s), uses, uses_count))
    end do
    do b = 1, w%strips
      call must(sprat_spawn(scope, w%update, c_null_ptr, [sprat_read_write(w%x(b)), sprat_read_write(w%r(b)), &
           sprat_read(w%p(b)), sprat_read(w%q(b)), sprat_read(w%pq), sprat_read(w%rr), &
           sprat_reduce(w%new, SPRAT_SUM, SPRAT_F64)], 7_c_size_t))
    end do
    do b = 1, w%strips
      call must(sprat_spawn(scope, w%advance, c_null_ptr, [sprat_read_write(w%p(b)), sprat_read(w%r(b)), &
           sprat_read(w%rr), sprat_read(w%new)], 4_c_size_t))
    end do
    call must(sprat_spawn(scope, w%turn, c_null_ptr, [sprat_write(w%rr), sprat_read(w%new)], 2_c_size_t))
  end subroutine

  function small_enough(round, argument) bind(c) result(done)
    integer(c_size_t), value :: round
    type(c_ptr), value :: argument
    integer(c_int32_t) :: done
    type(problem), pointer :: w
    real(c_double), target :: rr
    call c_f_pointer(argument, w)
    w%rounds = int(round) + 1
    call must(sprat_block_read(w%runtime, w%rr, 0_c_size_t, c_loc(rr), c_sizeof(rr)))
    done = merge(1, 0, rr <= w%enough .or. w%rounds >= 100000)
  end function

  ! The same without Sprat.
  subroutine serial(n, rhs, enough, x, rounds)
    integer(c_size_t), intent(in) :: n
    real(c_double), intent(in) :: rhs(n, n), enough
    real(c_double), intent(out) :: x(n, n)
    integer, intent(out) :: rounds
    real(c_double), allocatable :: r(:, :), p(:, :), q(:, :)
    real(c_double) :: rr, new, alpha
    real(c_double), pointer :: none(:)
    nullify (none)
    allocate (q(n, n))
    x = 0
    r = rhs
    p = rhs
    rr = sum(r * r)
    rounds = 0
    do while (rr > enough .and. rounds < 100000)
      call multiply(n, n, p, none, none, q)
      alpha = rr / sum(p * q)
      x = x + alpha * p
      r = r - alpha * q
      new = sum(r * r)
      p = r + new / rr * p
      rr = new
      rounds = rounds + 1
    end do
  end subroutine

end module

program cg
  use steps
  use, intrinsic :: iso_fortran_env, only: int64
  implicit none
  type(problem), target :: w
  type(sprat_config) :: config
  type(c_ptr) :: graph
  real(c_double), allocatable, target :: rhs(:, :), exact(:, :), found(:, :), plain(:, :)
  real(c_double), target :: start
  real(c_double) :: off, far
  integer(c_size_t) :: b, i, rows, cells
  integer :: rounds
  integer(int64) :: from, to, rate
  real :: seconds

  w%n = argument(1, 128)
  w%strips = argument(2, 8)
  if (w%strips < 2 .or. mod(w%n, w%strips) /= 0) then
    print '(a)', 'cg: SIZE is a multiple of STRIPS, and there are at least 2 of these'
    stop 2
  end if
  rows = w%n / w%strips
  cells = rows * w%n
  allocate (rhs(w%n, w%n), exact(w%n, w%n), found(w%n, w%n), plain(w%n, w%n))
  do i = 1, w%n
    do b = 1, w%n
      exact(b, i) = sin(0.1d0 * real(b, c_double)) + cos(0.05d0 * real(i, c_double))
    end do
  end do
  block
    real(c_double), pointer :: none(:)
    nullify (none)
    call multiply(w%n, w%n, exact, none, none, rhs)
  end block
  start = sum(rhs * rhs)
  w%enough = 1d-24 * start

  config%stack_bytes = 8 * 1024 * 1024
  call must(sprat_runtime_create(config, w%runtime))
  call must(sprat_define('clear', clear, modes=[SPRAT_MODE_WRITE, SPRAT_MODE_WRITE], codelet=w%clear))
  call must(sprat_define('apply', apply, params_size=c_sizeof(strip(0, 0, 0)), codelet=w%apply))
  call must(sprat_define('update', update, codelet=w%update))
  call must(sprat_define('advance', advance, codelet=w%advance))
  call must(sprat_define('turn', turn, codelet=w%turn))
  allocate (w%x(w%strips), w%r(w%strips), w%p(w%strips), w%q(w%strips))
  call must(sprat_blocks_create(w%runtime, w%strips, cells, c_sizeof(start), w%x))
  call must(sprat_blocks_create(w%runtime, w%strips, cells, c_sizeof(start), w%r))
  call must(sprat_blocks_create(w%runtime, w%strips, cells, c_sizeof(start), w%p))
  call must(sprat_blocks_create(w%runtime, w%strips, cells, c_sizeof(start), w%q))
  call must(sprat_block_create(w%runtime, 1_c_size_t, c_sizeof(start), w%pq))
  call must(sprat_block_create(w%runtime, 1_c_size_t, c_sizeof(start), w%rr))
  call must(sprat_block_create(w%runtime, 1_c_size_t, c_sizeof(start), w%new))
  call must(sprat_block_name(w%runtime, w%rr, 'r.r'))
  call must(sprat_block_write(w%runtime, w%rr, 0_c_size_t, c_loc(start), c_sizeof(start)))
  do b = 1, w%strips
    i = (b - 1) * rows + 1
    call must(sprat_block_write(w%runtime, w%r(b), 0_c_size_t, c_loc(rhs(1, i)), cells * c_sizeof(start)))
    call must(sprat_block_write(w%runtime, w%p(b), 0_c_size_t, c_loc(rhs(1, i)), cells * c_sizeof(start)))
  end do

  call must(sprat_record(w%runtime, step, c_loc(w), graph))
  call system_clock(from, rate)
  call must(sprat_replay_until(w%runtime, graph, small_enough, c_loc(w)))
  call system_clock(to)
  seconds = real(to - from) / real(rate)
  do b = 1, w%strips
    i = (b - 1) * rows + 1
    call must(sprat_block_read(w%runtime, w%x(b), 0_c_size_t, c_loc(found(1, i)), cells * c_sizeof(start)))
  end do
  call must(sprat_graph_destroy(graph))
  call must(sprat_runtime_destroy(w%runtime))

  call serial(w%n, rhs, w%enough, plain, rounds)
  off = maxval(abs(found - plain))
  far = maxval(abs(found - exact))
  print '(a, i0, a, i0, a, i0, a, f0.3, a, es8.1, a, es8.1)', 'cg: ', w%n * w%n, ' unknowns, ', w%rounds, ' steps (serial ', &
       rounds, ') in ', seconds, ' s; off a serial loop by ', off, ', off the solution by ', far
  print '(a, f0.1, a)', 'time: ', real(to - from) / real(rate) * 1e9 / real(w%rounds * (3 * w%strips + 2)), ' ns a codelet'
  deallocate (rhs, exact, found, plain, w%x, w%r, w%p, w%q)
  if (.not. (off < 1d-9 .and. far < 1d-9 .and. abs(w%rounds - rounds) <= 5)) then
    print '(a)', 'cg: that is too far'
    stop 1
  end if

contains

  integer(c_size_t) function argument(at, otherwise)
    integer, intent(in) :: at, otherwise
    character(32) :: text
    integer :: status
    argument = otherwise
    if (command_argument_count() < at) return
    call get_command_argument(at, text)
    read (text, *, iostat=status) argument
    if (status /= 0) argument = 0
  end function

end program
