module codelets
  use sprat
  implicit none

  type :: program_data
    type(sprat_codelet) :: fill, add
    type(sprat_block) :: tiles(4)
  end type

contains

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
    real(c_double), pointer :: from(:), to(:)
    if (.not. c_associated(scope) .or. .not. c_associated(params)) return
    call sprat_array(views(1), from)
    call sprat_array(views(2), to)
    to = to + from
  end subroutine

  subroutine body(scope, argument) bind(c)
    type(c_ptr), value :: scope, argument
    type(program_data), pointer :: p
    real(c_double), target :: value
    integer(c_int32_t) :: status
    integer :: i
    call c_f_pointer(argument, p)
    do i = 1, 4
      value = i - 1
      status = sprat_spawn(scope, p%fill, c_loc(value), [sprat_write(p%tiles(i))], 1_c_size_t)
    end do
    do i = 1, 3
      status = sprat_spawn(scope, p%add, c_null_ptr, [sprat_read(p%tiles(i)), sprat_read_write(p%tiles(i + 1))], 2_c_size_t)
    end do
    if (status /= SPRAT_OK) print '(a)', sprat_error_message()
  end subroutine

end module

program hello
  use codelets
  implicit none
  type(program_data), target :: p
  type(c_ptr) :: runtime
  real(c_double), target :: last
  call must(sprat_runtime_create(runtime=runtime))
  call must(sprat_define('fill', fill, params_size=c_sizeof(last), codelet=p%fill))
  call must(sprat_define('add', add, codelet=p%add))
  call must(sprat_blocks_create(runtime, 4_c_size_t, 1000_c_size_t, c_sizeof(last), p%tiles))
  call must(sprat_finish(runtime, body, c_loc(p)))
  call must(sprat_block_read(runtime, p%tiles(4), 0_c_size_t, c_loc(last), c_sizeof(last)))
  call must(sprat_runtime_destroy(runtime))
  print '(a, f0.0)', 'the last tile holds ', last
contains
  subroutine must(status)
    integer(c_int32_t), intent(in) :: status
    if (status == SPRAT_OK) return
    print '(a)', sprat_error_message()
    stop 1
  end subroutine
end program
