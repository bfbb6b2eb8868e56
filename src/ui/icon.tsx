import type { ReactElement } from 'react'

const paths = {
  copy: 'M6 6h7v7H6zM3 10V3h7',
  check: 'M3 8.5l3 3 7-7',
  lock: 'M4 7.5h8V13H4zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5',
  receive: 'M8 2.5v8M4.5 7.5L8 11l3.5-3.5M3 13.5h10',
  send: 'M8 10.5v-8M4.5 5.5L8 2l3.5 3.5M3 13.5h10',
  back: 'M9.5 3.5L5 8l4.5 4.5',
  play: 'M5 3.5v9l7-4.5z',
  shield: 'M8 2l5 2v4c0 3-2.2 5-5 6-2.8-1-5-3-5-6V4z',
  warning: 'M8 3l6 10.5H2zM8 7v3M8 12v.1',
  open: 'M9 3h4v4M13 3L7.5 8.5M11 9v4H3V5h4',
  network: 'M8 2.5v11M2.5 8h11M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11z',
} as const

type IconProps = { readonly name: keyof typeof paths; readonly large?: boolean }

/** One of the set, 16 or 20 px. It is decoration: the text beside it, or its button's name, says what it means. */
export function Icon({ name, large = false }: IconProps): ReactElement {
  return (
    <svg className={large ? 'icon large' : 'icon'} viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  )
}
