import type { ComponentProps, ReactElement } from 'react'

type ButtonProps = ComponentProps<'button'> & {
  readonly kind?: 'primary' | 'danger' | 'plain'
  readonly wide?: boolean
  /** Work is under way: the button cannot be pressed, and says so. */
  readonly busy?: boolean
}

export function Button({
  kind,
  wide = false,
  busy = false,
  type = 'button',
  disabled,
  ...rest
}: ButtonProps): ReactElement {
  const classes = ['button', kind, wide ? 'wide' : undefined].filter(name => name !== undefined).join(' ')
  return <button className={classes} type={type} disabled={disabled || busy} aria-busy={busy} {...rest} />
}
