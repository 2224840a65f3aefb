// A part of a page that fails alone: it says so and can be tried again, while all around it stays.
import { Component, type ComponentChildren } from "preact";
import { Failed } from "./notices";

interface Props {
  /** What it is, as people call it. */
  name: string;
  children: ComponentChildren;
}

export class Boundary extends Component<Props, { error?: unknown }> {
  override state: { error?: unknown } = {};

  static override getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidCatch(error: unknown) {
    console.error(error);
  }

  override render() {
    if (this.state.error === undefined) return this.props.children;
    return <Failed name={this.props.name} again={() => this.setState({ error: undefined })} />;
  }
}
