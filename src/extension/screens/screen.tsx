import { type ReactElement, type ReactNode, useEffect, useRef } from 'react'
import { Button } from '#ui/button.tsx'
import { Icon } from '#ui/icon.tsx'
import { text } from '#ui/texts.ts'

type ScreenProps = {
  readonly title: string
  /** Absent on the screens that the bar below leads to. */
  readonly back?: () => void
  readonly children: ReactNode
}

/** One screen of the popup: its heading takes the focus, so that a screen reader says where one is. */
export function Screen({ title, back, children }: ScreenProps): ReactElement {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  return (
    <div className="stack padded screen-body">
      <div className="row">
        {back !== undefined && (
          <Button kind="plain" onClick={back} aria-label={text('back')}>
            <Icon name="back" />
          </Button>
        )}
        <h1 className="screen-title" ref={heading} tabIndex={-1}>
          {title}
        </h1>
      </div>
      {children}
    </div>
  )
}
