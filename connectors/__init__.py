"""From a tool's export to canonical events. The registry is this literal; nothing is discovered."""

from connectors import cloudevents, meshcentral, screenconnect, syncro, tacticalrmm
from connectors.base import Connector

CONNECTORS: dict[str, Connector] = {
    "cloudevents": Connector(cloudevents.read, "Our own events and directory objects, one CloudEvent a line"),
    "meshcentral": Connector(meshcentral.read, "MeshCentral events, nodes and device groups (JSON)"),
    "screenconnect": Connector(screenconnect.read, "ScreenConnect session connection report (CSV or JSON)"),
    "syncro": Connector(syncro.read, "Syncro ticket timers and tickets (JSON)"),
    "tacticalrmm": Connector(tacticalrmm.read, "Tactical RMM script history, agents and audit log (JSON)"),
}
