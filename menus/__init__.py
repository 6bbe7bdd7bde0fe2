"""What callers read: one file per flow; `menus.home.Home` is where every call begins."""
