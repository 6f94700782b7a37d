# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
# A recipe that builds this tree, wherever it lies: add the folder to BBFILES, or copy the recipe into a
# layer and replace EXTERNALSRC by a SRC_URI. For Yocto 5.0 (scarthgap) and newer: the GStreamer of 4.0 is
# too old.
SUMMARY = "GStreamer sinks that upload a recording while it is made"
DESCRIPTION = "tussink uploads to any tus 1.0.0 server, gcoresink to Gcore Video Streaming; \
               programs to record, to check a server, and to finish what a crash left."
# The protocol's.
HOMEPAGE = "https://tus.io"
SECTION = "multimedia"
LICENSE = "LGPL-2.1-or-later"
LIC_FILES_CHKSUM = "file://LICENSE;md5=4fbd65380cdd255951079008b364516c"

DEPENDS = "glib-2.0 gnutls gstreamer1.0 gstreamer1.0-plugins-base json-glib libsoup zlib"

# The sources are here (EXTERNALSRC).
SRC_URI = ""

inherit externalsrc meson pkgconfig systemd bash-completion

EXTERNALSRC = "${@os.path.abspath(os.path.join(d.getVar('THISDIR'), '..', '..'))}"

PACKAGECONFIG ??= "${@bb.utils.filter('DISTRO_FEATURES', 'systemd', d)}"
PACKAGECONFIG[systemd] = "\
    -Dsystemd_system_unit_dir=${systemd_system_unitdir} -Dsystemd_user_unit_dir=${systemd_user_unitdir},\
    -Dsystemd_system_unit_dir=no -Dsystemd_user_unit_dir=no"
# Check values on disk, quicker. Its recipe is in meta-oe.
PACKAGECONFIG[libdeflate] = "-Dlibdeflate=enabled,-Dlibdeflate=disabled,libdeflate"

EXTRA_OEMESON = "-Dtests=false -Dexamples=false -Dgnutls=enabled -Dplugindir=${libdir}/gstreamer-1.0"

PACKAGE_BEFORE_PN += "${PN}-tools"

SYSTEMD_PACKAGES = "${PN}-tools"
SYSTEMD_SERVICE:${PN}-tools = "gst-tus-recover.service gst-tus-recover.timer"
SYSTEMD_AUTO_ENABLE:${PN}-tools = "disable"

FILES:${PN} += "${libdir}/gstreamer-1.0/libgsttus.so ${datadir}/metainfo"
FILES:${PN}-tools += "${bindir} ${systemd_system_unitdir} ${systemd_user_unitdir}"

# TLS comes as a module of GLib.
RDEPENDS:${PN} = "glib-networking"
# Sources, muxers and VP8. Encoders of H.264 and AAC are the image's choice.
RDEPENDS:${PN}-tools = "${PN} gstreamer1.0-plugins-base gstreamer1.0-plugins-good"
