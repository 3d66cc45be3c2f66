/* The guest's program as bytes of the host's. */
  .section .rodata
  .global stillwater_guest_begin, stillwater_guest_end
  .hidden stillwater_guest_begin, stillwater_guest_end
stillwater_guest_begin:
  .incbin "guest_program.bin"
stillwater_guest_end:
  .section .note.GNU-stack, "", @progbits
