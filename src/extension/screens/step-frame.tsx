import { type FormEvent, type ReactElement, type ReactNode, useEffect, useRef } from 'react'
import { Button } from '#ui/button.tsx'
import { text } from '#ui/texts.ts'

type StepFrameProps = {
  readonly title: string
  readonly lead: string
  readonly action: string
  readonly ready?: boolean
  readonly busy?: boolean
  readonly back?: () => void
  readonly next: () => void
  readonly children?: ReactNode
}

/** One step: a heading that takes the focus, what it is about, and one thing to do. */
export function StepFrame({
  title,
  lead,
  action,
  ready = true,
  busy = false,
  back,
  next,
  children,
}: StepFrameProps): ReactElement {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (ready && !busy) next()
  }
  return (
    <form className="stack step" onSubmit={submit} noValidate>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      <p className="quiet">{lead}</p>
      {children}
      <div className="row step-actions">
        <Button kind="primary" type="submit" disabled={!ready} busy={busy}>
          {action}
        </Button>
        {back !== undefined && (
          <Button kind="plain" onClick={back}>
            {text('back')}
          </Button>
        )}
      </div>
    </form>
  )
}
